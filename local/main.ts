/** `npm run local -- EVENT`: what `sam local invoke` does with Docker, by Lambda's emulator and without it. */

import { exitStatusOfOutcome } from "../src/cli/exit-status.ts";
import { formatOutcome } from "../src/cli/output/format-outcome.ts";
import { jsonLine } from "../src/cli/output/json-line.ts";
import { InvalidInput } from "../src/image/invalid-input.ts";
import { linesOf } from "../src/text/visible.ts";
import { EMULATOR_ACCOUNT } from "../test/support/emulated/emulated-stack.ts";
import { lambdaPrograms } from "./lambda-programs.ts";
import { type LocalOptions, readOptions, USAGE } from "./options.ts";
import { readInput } from "./read-input.ts";
import { rehearse } from "./rehearse.ts";

const SECONDS_MAX = 300;

async function main(): Promise<number> {
  let options: LocalOptions | "help";
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : ""}\n\n${USAGE}`);
    return 2;
  }
  if (options === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  const { json } = options;
  const began = performance.now();
  const tell = (what: string, line: string): void => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(6);
    (json ? process.stderr : process.stdout).write(linesOf([`${seconds} s  ${what.padEnd(9)} ${line}`]));
  };
  const input = await readInput(options);
  tell("event", options.event);
  tell(
    "world",
    `${input.worldFrom}; account ${EMULATOR_ACCOUNT}, which is the emulator's; nothing of AWS is called`,
  );
  const found = options.inProcess
    ? undefined
    : lambdaPrograms(options.programs, (line) => tell("programs", line));
  if (found?.kind === "missing") for (const line of found.because) tell("programs", line);
  const programs = found?.kind === "installed" ? found.folder : undefined;
  tell(
    "runs",
    programs === undefined
      ? "detect, remediate and mirror as built, in this process, on the testing engine of AWS's durable execution SDK"
      : "detect, remediate and mirror as built, under Lambda's emulator and the durable functions local runner",
  );
  const { outcomes, notStarted, operations } = await rehearse(
    { input, secondsMax: SECONDS_MAX, ...(programs === undefined ? {} : { programs }) },
    tell,
  );
  for (const line of notStarted) tell("detect", line);
  tell("ended", `${operations} durable operations`);
  for (const outcome of outcomes)
    process.stdout.write(json ? jsonLine("outcome", outcome) : `\n${linesOf(formatOutcome(outcome))}`);
  return Math.max(0, ...outcomes.map(exitStatusOfOutcome));
}

// The streams are written before the process ends by itself.
process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(linesOf([error instanceof Error ? error.message : String(error)]));
  return error instanceof InvalidInput ? 2 : 5;
});
