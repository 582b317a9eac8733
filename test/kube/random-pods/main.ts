/**
 * `npm run random-pods -- --count 10000 --seed 7 --way policy`: random pods against a real API server, with figures. A life that
 * has a fault is played again by `--first N --count 1`.
 */

import { parseArgs } from "node:util";
import { runLives, tell, type Way } from "./run.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "1000" },
    first: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    way: { type: "string", default: "both" },
  },
});
const began = Date.now();
const figures = await runLives(
  values.way as Way,
  Number(values.seed),
  Number(values.count),
  Number(values.first),
);
process.stdout.write(tell(figures));
process.stdout.write(`  seconds    ${Math.round((Date.now() - began) / 1000)}\n`);
process.exitCode = figures.faults.length === 0 ? 0 : 1;
