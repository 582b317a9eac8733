/** The options of `npm run local`. */

import { parseArgs } from "node:util";
import type { Kill } from "../test/support/emulated/kill-at.ts";
import { readKill } from "./read-kill.ts";

export const USAGE = `npm run local -- EVENT [options]

Brings an event through detect, remediate and mirror as built, under Lambda's runtime interface emulator and the durable
functions local runner, to an account that is a sandbox. Nothing of AWS is called.

  EVENT               a document of EventBridge, or what SQS hands to a function; "-" reads standard input
  --world FILE        the account: a world file (default: the one next to the event in worlds/, or one made of it)
  --steps             tells each durable step and wait as it is recorded
  --kill FUNCTION@MOMENT
                      ends the process of remediate or mirror, once, at a step ("remediate@register", or "remediate@register 2":
                      between its effect and its record), after a request to a registry ("mirror@upload-put", "mirror@blob-get:docker.io") or after so
                      many seconds ("mirror@0.5s"); may be given several times; needs Lambda's programs
  --in-process        the bundles in this process, without Lambda's programs
  --programs FOLDER   where Lambda's programs are installed (default: .cache)
  --json              the outcome as one line of JSON; progress goes to standard error

Exit status: that of the outcomes; 2 for an event that detect rejects, 5 for a moment of --kill that did not come.
`;

export type LocalOptions = {
  readonly event: string;
  readonly world?: string;
  readonly steps: boolean;
  readonly kills: readonly Kill[];
  readonly inProcess: boolean;
  readonly programs: string;
  readonly json: boolean;
};

/** Throws TypeError for a wrong call. */
export function readOptions(args: readonly string[]): LocalOptions | "help" {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      world: { type: "string" },
      steps: { type: "boolean", default: false },
      kill: { type: "string", multiple: true, default: [] },
      "in-process": { type: "boolean", default: false },
      programs: { type: "string", default: ".cache" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const [event, ...others] = positionals;
  if (event === undefined || others.length > 0) throw new TypeError("one EVENT is wanted");
  const { world, steps, programs, json } = values;
  if (values["in-process"] && values.kill.length > 0)
    throw new TypeError("--kill ends a process of its own: not with --in-process");
  return {
    event,
    ...(world === undefined ? {} : { world }),
    steps,
    kills: values.kill.map(readKill),
    inProcess: values["in-process"],
    programs,
    json,
  };
}
