/** What happens in a sandbox, printed line by line with the world's own time. */

import { shortRevision } from "../../../ecs/arn.ts";
import type { Log, LogFields } from "../../../runtime/log.ts";
import { abbreviate } from "../../../substitution/explain-plan.ts";

export type EventLog = {
  readonly log: Log;
  say(text: string): void;
};

/** A story with the time of a clock; the product's log lines become sentences. */
export function createEventLog(now: () => number, tell: (line: string) => void): EventLog {
  const say = (text: string): void => tell(`  ${new Date(now()).toISOString().slice(11, 19)}  ${text}`);
  const write = (message: string, ...fields: LogFields[]): void => {
    const sentence = formatFields(message, Object.assign({}, ...fields));
    if (sentence !== undefined) say(sentence);
  };
  return { log: { debug() {}, info: write, warn: write, error: write }, say };
}

function formatFields(message: string, fields: LogFields): string | undefined {
  const name = (field: string): string => shortRevision(String(fields[field] ?? ""));
  switch (message) {
    case "image copied":
      return `copied to ${abbreviate(String(fields.target))}, ${Math.round(Number(fields.bytesMoved) / 1024)} kB`;
    case "revision registered":
      return `registered ${name("revision")}, based on ${name("former")}`;
    case "service redeployed":
      return `started to deploy ${name("to")} in place of ${name("from")}`;
    case "restoring the former revision":
      return `rolling back to ${name("to")} from ${name("ours")}`;
    default:
      // The outcome itself is printed whole at the end.
      return undefined;
  }
}
