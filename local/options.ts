/** The options of `npm run local`. */

import { parseArgs } from "node:util";

export const USAGE = `npm run local -- EVENT [options]

Brings an event through detect, remediate and mirror as built, under Lambda's runtime interface emulator and the durable
functions local runner, to an account that is a sandbox. Nothing of AWS is called.

  EVENT               a document of EventBridge, or what SQS hands to a function; "-" reads standard input
  --world FILE        the account: a world file (default: the one next to the event in worlds/, or one made of it)
  --in-process        the bundles in this process, without Lambda's programs
  --programs FOLDER   where Lambda's programs are installed (default: .cache)
  --json              the outcome as one line of JSON; progress goes to standard error
`;

export type LocalOptions = {
  readonly event: string;
  readonly world?: string;
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
      "in-process": { type: "boolean", default: false },
      programs: { type: "string", default: ".cache" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const [event, ...others] = positionals;
  if (event === undefined || others.length > 0) throw new TypeError("one EVENT is wanted");
  const { world, programs, json } = values;
  return {
    event,
    ...(world === undefined ? {} : { world }),
    inProcess: values["in-process"],
    programs,
    json,
  };
}
