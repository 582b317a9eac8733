/** What a person may choose: rows, runs, sizes, and how the result is printed. */

import { parseArgs } from "node:util";

export type BenchOptions = {
  readonly runs: number;
  /** Words that a row's name must hold, all of them; several choices are joined with a comma. */
  readonly only: readonly (readonly string[])[];
  readonly tools: readonly string[];
  /** A tenth of the bytes, one run: to see that it works, not to compare. */
  readonly quick: boolean;
  /** Adds the 4 GB image, for the memory that it takes. */
  readonly huge: boolean;
  readonly json: boolean;
};

export const USAGE = `npm run bench -- [options]
npm run bench -- storm [options]   hundreds of services at once: storm --help

  --runs N       interleaved runs of each row (default 5)
  --only ROWS    rows whose names hold these words: "big plain,index delayed"
  --tools TOOLS  of skopeo, crane, regctl, repull, warm (default: all that are installed)
  --huge         the 4 GB image as well
  --quick        a tenth of the bytes, one run: to see that it works
  --json         the result as one JSON object, to standard output

npm run bench -- heal measures how long 200 waiting pods of a cluster take to run.
npm run bench -- controller measures the controller's memory in a cluster of 5,000 pods.
npm run bench -- admission measures what the creation of a pod costs more, on a real API server (.cache/kube).
npm run bench -- cost counts what a remediation costs, under Lambda's emulator.
npm run bench -- cold-start [ROUNDS] measures how long each bundle takes to start.
npm run bench -- start-costs [ROUNDS] measures what each part of a start costs.

TMPDIR says where the registries keep what they store; a folder in memory is steadier than a disk.
`;

/** What is wrong with a call, in one line. */
export type WrongCall = { readonly because: string };

/** Options as they were typed; `help` where that was asked for. */
export function readOptions(args: readonly string[]): BenchOptions | WrongCall | "help" {
  try {
    return optionsIn(args);
  } catch (error) {
    if (error instanceof RangeError) return { because: error.message };
    return { because: reasonOfWrongCall(error) };
  }
}

/** What parseArgs says of a word that it does not take. Throws every other error. */
export function reasonOfWrongCall(error: unknown): string {
  const code = error instanceof TypeError && "code" in error ? String(error.code) : "";
  if (!code.startsWith("ERR_PARSE_ARGS_")) throw error;
  // Of an unknown option it says in further sentences how a word could be passed that looks like one.
  return (error as TypeError).message.replace(/\. .*$/s, "");
}

/** Throws TypeError for a word or an option that is not known, RangeError for a value that is not a number. */
function optionsIn(args: readonly string[]): BenchOptions | "help" {
  const [bench = ""] = args;
  if (/^\w/.test(bench)) throw new RangeError(`no bench is called ${JSON.stringify(bench)}`);
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string" },
      only: { type: "string", default: "" },
      tools: { type: "string", default: "" },
      huge: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const { quick, huge, json } = values;
  const runs = Number(values.runs ?? (quick ? 1 : 5));
  if (!Number.isInteger(runs) || runs < 1) throw new RangeError(`--runs: ${values.runs} is not a count`);
  const list = (text: string): readonly string[] =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter(Boolean);
  const only = list(values.only).map((row) => row.split(/\s+/));
  return { runs, only, tools: list(values.tools), quick, huge, json };
}
