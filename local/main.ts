/** `npm run local -- EVENT`: what `sam local invoke` does with Docker, by Lambda's emulator and without it. */

import { EXIT, exitStatusOfOutcome } from "../src/cli/exit-status.ts";
import { formatOutcome } from "../src/cli/output/format-outcome.ts";
import { jsonLine } from "../src/cli/output/json-line.ts";
import { InvalidInput } from "../src/image/invalid-input.ts";
import type { WorldFile } from "../src/sandbox/world/world-file.ts";
import { linesOf } from "../src/text/visible.ts";
import { EMULATOR_ACCOUNT } from "../test/support/emulated/emulated-stack.ts";
import { lambdaPrograms } from "./lambda-programs.ts";
import { type LocalOptions, readOptions, USAGE } from "./options.ts";
import { readInput } from "./read-input.ts";
import { formatKill } from "./read-kill.ts";
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
  for (const [told, own] of input.otherDigests)
    tell("world", `${told} is ${own} here: bytes cannot be made of a digest`);
  if ((input.world as WorldFile).operator?.usedUp !== undefined)
    tell(
      "world",
      "operator.usedUp is not played: the functions go by this machine's clock (repull replay plays it)",
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
  const { kills, steps } = options;
  if (programs === undefined && kills.length > 0) {
    tell("killed", "--kill needs Lambda's programs: a process of its own");
    return EXIT.unfinished;
  }
  const { outcomes, notStarted, operations, pulls, missed } = await rehearse(
    {
      input,
      kills,
      tellsSteps: steps,
      secondsMax: SECONDS_MAX,
      ...(programs === undefined ? {} : { programs }),
    },
    tell,
  );
  for (const { words } of notStarted) tell("detect", words);
  for (const kill of missed) tell("killed", `not ${formatKill(kill)}: that did not come`);
  tell("ended", `${operations} durable operations; Repull's address pulled ${pulls} manifests at Docker Hub`);
  for (const outcome of outcomes)
    process.stdout.write(json ? jsonLine("outcome", outcome) : `\n${linesOf(formatOutcome(outcome))}`);
  return Math.max(
    missed.length > 0 ? EXIT.unfinished : EXIT.done,
    notStarted.some(({ isRejected }) => isRejected) ? EXIT.usage : EXIT.done,
    ...outcomes.map(exitStatusOfOutcome),
  );
}

// The streams are written before the process ends by itself.
process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(linesOf([error instanceof Error ? error.message : String(error)]));
  return error instanceof InvalidInput ? 2 : 5;
});
