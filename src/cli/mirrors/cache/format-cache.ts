/** A pull-through cache as lines for a reader: what would be or was made, how to undo it, and what comes next. */

import { shellWords } from "../../../diagnosis/remedies/format-remedy.ts";
import type { CacheLine } from "./cache-line.ts";

/** @param again the same call with `--yes` */
export function formatCache(line: CacheLine, again: string): readonly string[] {
  const { kind, prefix, upstream, undo, isValid, because, repositories } = line;
  const isDry = kind === "dry-run";
  const isWhole = line.rule === "present" && line.template !== "create" && line.template !== "created";
  return [
    isWhole
      ? "All of it is there already: nothing is changed"
      : isDry
        ? "Would create in ECR:"
        : "Created in ECR:",
    "",
    `  rule      ${prefix}/* from ${upstream}${line.settings.secret === undefined ? "" : `, signed in by ${line.settings.secret}`}${present(line.rule)}`,
    ...(line.template === undefined
      ? []
      : [`  template  ${prefix}/*: ${settingsOf(line.settings)}${present(line.template)}`]),
    ...(line.settings.lifecycle === undefined
      ? []
      : [`            lifecycle policy ${oneLine(line.settings.lifecycle)}`]),
    ...(line.before === undefined
      ? []
      : [
          `            goes before the template ${line.before}, whose settings new repositories here do not get`,
        ]),
    ...(isValid === undefined
      ? []
      : [
          "",
          isValid
            ? `ECR can read from ${upstream} by it`
            : `ECR cannot read from ${upstream} by it: ${because}`,
        ]),
    ...(undo.length === 0 ? [] : ["", ...undo.map((command) => `undo: ${shellWords(command)}`)]),
    ...(isValid === false ? ["", `next: mend the secret's username and accessToken, then ${again}`] : []),
    ...(isDry && !isWhole
      ? ["", `next: ${again}`]
      : [
          "",
          `next: add ${repositories} to the stack's parameter ReadableRepositoryArns, then repull doctor`,
        ]),
  ];
}

/** A file's text may have lines and blanks of its own. */
function oneLine(lifecycle: string): string {
  return JSON.stringify(JSON.parse(lifecycle));
}

function present(part: CacheLine["rule"]): string {
  return part === "present" ? " (there already)" : "";
}

function settingsOf({ kmsKey, tags = {}, lifecycle, mutability }: CacheLine["settings"]): string {
  const tagged = Object.entries(tags).map(([key, value]) => `${key}=${value}`);
  return [
    mutability === "MUTABLE" ? "tags may move" : "tags may not move",
    kmsKey === undefined ? "AES-256" : `KMS key ${kmsKey}`,
    tagged.length === 0 ? "no resource tags" : `resource tags ${tagged.join(", ")}`,
    ...(lifecycle === undefined ? ["no lifecycle policy"] : []),
  ].join("; ");
}
