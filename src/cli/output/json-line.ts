/** One line of `--json`: a document with its `type`, by which a script distinguishes the lines of a stream. */

import { visibleJson } from "../../text/visible.ts";

/** Each has a schema: `repull schema TYPE`, docs/schema/TYPE.json. */
export const LINE_TYPES = [
  "explanation",
  "plan",
  "outcome",
  "copy",
  "scan",
  "summary",
  "roles",
  "permissions",
  "diagnosis",
  "status",
  "mirrors",
  "refresh",
  "apply",
  "prune",
  "cache",
  "kill-switch",
  "approval",
  "undo",
  "history",
  "check",
  "check-finding",
  "rate-limit",
  "policy",
  "public-image",
  "listening",
  "demo",
  "version",
  "error",
] as const;

export type LineType = (typeof LINE_TYPES)[number];

export function jsonLine(type: LineType, document: object): string {
  return `${visibleJson({ type, ...document })}\n`;
}
