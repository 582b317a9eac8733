/** A diagnosis for a reader: the causes with proof and remedy, then what was looked at, then what was not. */

import type { StartCheck } from "../../diagnosis/checks/check.ts";
import type { Cause, Diagnosis, Proof } from "../../diagnosis/diagnose.ts";
import { formatRemedy, shellWords } from "../../diagnosis/remedies/format-remedy.ts";
import { linesOf } from "../../text/visible.ts";

export const VERDICTS: Readonly<Record<Diagnosis["verdict"], string>> = {
  "cause-found": "the cause is found",
  "not-sure": "not sure: no fact proves a cause",
  "nothing-found": "of what was checked, nothing blocks a start",
};

/** By the service's name where it is known: people look for that, and a command wants the ARN. */
export function titleOf({ target, cluster, service }: Diagnosis): string {
  if (service === undefined || service === target) return target;
  const name = cluster?.slice(cluster.lastIndexOf("/") + 1);
  return `${name === undefined ? service : `${name}/${service}`} (${target})`;
}

export function diagnosisInWords(found: Diagnosis): string {
  const { tasks, verdict, causes, checks, reasons } = found;
  const open = checks.filter(({ result }) => result === "not checked" || result === "not sure");
  const looked = checks.filter(({ result }) => result === "passed");
  return linesOf([
    `${titleOf(found)}: ${VERDICTS[verdict]}`,
    ...(tasks === undefined
      ? []
      : [`${tasks.alike} of ${tasks.failed} stopped tasks failed for this reason`]),
    ...causes.flatMap((cause, index) => causeLines(cause, index + 1)),
    ...(causes.length > 0 || reasons.length === 0
      ? []
      : [
          "",
          "The words, which no cause is known for:",
          ...reasons.slice(0, 3).map(({ field, text }) => `  ${field}: “${text}”`),
        ]),
    ...(looked.length === 0
      ? []
      : ["", "Checked, and in order:", ...looked.map(({ id, because }) => `  ${id}: ${because}`)]),
    ...(open.length === 0 ? [] : ["", "Not sure, or not checked:", ...open.flatMap(openLines)]),
    ...(causes.some(hasGap) ? ["", "A word in capitals in a command is one that only you can fill in."] : []),
    "",
  ]);
}

function hasGap({ remedy }: Cause): boolean {
  return remedy.command?.some((word) => /\b[A-Z]+_[A-Z_]+\b|\[[A-Z]+\]/.test(word)) === true;
}

function causeLines(
  { code, sentence, certainty, proof, remedy, page }: Cause,
  number: number,
): readonly string[] {
  const [what = "", ...how] = formatRemedy(remedy);
  return [
    "",
    `${number}. ${certainty === "likely" ? "perhaps: " : ""}${sentence} (${code}, ${certainty})`,
    `   proof   ${proof === null ? "none yet: the same message comes with other causes too" : proofInWords(proof)}`,
    `   remedy  ${what}`,
    ...how.map((line) => `         ${line}`),
    `   page    ${page}`,
  ];
}

function proofInWords(proof: Proof): string {
  return proof.by === "text" ? `${proof.field} says “${proof.quote}”` : `${proof.check}: ${proof.because}`;
}

function openLines({ id, because, permission, command }: StartCheck): readonly string[] {
  return [
    `  ${id}: ${because}${permission === undefined || because.includes(permission) ? "" : ` (${permission})`}`,
    ...(command === undefined ? [] : [`    ${shellWords(command)}`]),
  ];
}
