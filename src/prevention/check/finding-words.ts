/** A finding in one sentence, and in another one what to do: for terminals, annotations and SARIF alike. */

import { DOCKER_HUB_HOST } from "../../image/registry-hosts.ts";
import type { Finding } from "./findings.ts";

const EXPLAINED: Readonly<Record<string, string>> = {
  default: "it is a default, which a build argument or a variable may override",
  "value-from-env-file": "a value of .env decides, which is not shown",
  "split-reference": "its name is put together from several places",
  "not-verbatim": "its name is written with escapes or over several lines",
  "generated-file": "the file is generated: change its source",
  "by-command": "a command pulls it",
  "matched-by-name": "kustomize finds images by this name: add newName",
  "tag-elsewhere": "its tag is from somewhere else: --pin tag changes the repository alone",
  "used-elsewhere": "the same words also say something else",
  "names-the-host": "GitLab makes the host name of the service from it: add an alias",
  "restricted-value": "its parameter allows certain values alone",
  "edit-refused": "another image of the file would change with it",
  "invalid-reference": "it is not an image's name",
  "not-asked": "its registry was not asked",
  "not-published": "it is not on ECR Public",
  "no-aws-account": "copies in your ECR are known with --stack",
  "origin-unreadable": "its own registry did not say what the name means",
  "rate-limited": "a registry's limit is reached",
  "other-content": "what is there has other content",
  "origin-has-no-tag": "its own registry has no such tag",
  absent: "no place that was asked has it",
};

export function sentenceOf({ kind, image, registry, place, codes }: Finding): string {
  if (kind === "not-checkable") {
    const why = codes.flatMap((code) => (Object.hasOwn(EXPLAINED, code) ? [EXPLAINED[code] ?? ""] : []));
    const because = why.length === 0 ? "a variable or an expression decides" : why.join("; ");
    return `${image} (${place}) cannot be checked: ${because}`;
  }
  const from = registry === undefined || registry === DOCKER_HUB_HOST ? "Docker Hub" : registry;
  const when = place === "# syntax" ? " by every build" : "";
  return `${image} is pulled from ${from}${when}`;
}

/** What may take its place, or why nothing may; undefined where there is nothing to add. */
export function adviceOf({ replacement, likely, codes, kind }: Finding): string | undefined {
  const explained = codes.flatMap((code) => (Object.hasOwn(EXPLAINED, code) ? [EXPLAINED[code] ?? ""] : []));
  const because = explained.length === 0 ? "" : `: ${explained.join("; ")}`;
  if (replacement !== undefined) {
    const notes = explained.length === 0 ? "" : `; ${explained.join("; ")}`;
    return `→ ${replacement.writes} (${replacement.proof}${notes})`;
  }
  if (kind === "not-checkable") return undefined;
  if (likely !== undefined) return `perhaps ${likely}: not proved, because no registry was asked`;
  return `no replacement is proved${because}`;
}
