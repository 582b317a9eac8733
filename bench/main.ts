/** `npm run bench`: our copier and its peers, between real registries, in one run. */

import { availableParallelism, cpus, totalmem } from "node:os";
import { type BenchImage, type ImageName, makeImage } from "./images.ts";
import { readOptions, reasonOfWrongCall, USAGE } from "./options.ts";
import { pushLayout } from "./push-layout.ts";
import { chosenRows } from "./rows.ts";
import { runRow } from "./run-row.ts";
import { headline, rowTable } from "./table.ts";
import { installedTools, type Tool } from "./tools.ts";
import { judge, type RowResult } from "./verdict.ts";
import { ROUND_TRIPS, World } from "./world.ts";

const [, , named = "", ...given] = process.argv;
/** The benches besides that of the copier. Each reads its own words. */
const OTHERS = new Map<string, () => Promise<unknown>>([
  ["admission", async () => (await import("./admission/main.ts")).runAdmissionBench(given)],
  ["controller", () => import("./controller/main.ts")],
  ["heal", () => import("./heal/main.ts")],
  ["storm", () => import("./storm/main.ts")],
  ["cost", () => import("./cost.ts")],
  ["cold-start", () => import("./cold-start.ts")],
  ["start-costs", async () => (await import("./start-costs.ts")).runStartCosts(Number(given[0] ?? 11))],
]);
const other = OTHERS.get(named);
if (other !== undefined) {
  // A bench may take an hour: a person who asks for help does not start one.
  const isHelp = named !== "storm" && given.some((word) => word === "--help" || word === "-h");
  if (isHelp) console.log(USAGE);
  else
    await other().catch((error: unknown) => {
      endAsWrong(reasonOfWrongCall(error));
    });
  process.exit();
}
const options = readOptions(process.argv.slice(2));
if (options === "help") {
  console.log(USAGE);
  process.exit();
}
if ("because" in options) endAsWrong(options.because);
const wanted = (name: string): boolean => options.tools.length === 0 || options.tools.includes(name);
const tools = (await installedTools()).filter(({ name }) => wanted(name));
const rows = chosenRows(options.only, options.huge);
if (rows.length === 0) endAsWrong("no row has all words of one choice of --only");
const world = await World.make();
const results: RowResult[] = [];
const tell = (text: string): void => void process.stderr.write(text);

// A bench that is stopped leaves no registry running.
for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.once(signal, () => void world.end().finally(() => process.exit(status)));
}

try {
  const names = [...new Set(rows.map(({ image }) => image))];
  tell("making the images\n");
  const images = new Map<ImageName, BenchImage>();
  for (const name of names) images.set(name, await makeImage(name, world.folder, options.quick ? 0.1 : 1));
  const about = aboutRun(tools, [...images.values()], options.runs);
  if (!options.json) console.log(headline(about));
  for (const secure of [false, true]) {
    const due = rows.filter((row) => row.secure === secure);
    if (due.length === 0) continue;
    const source = await world.registry(secure);
    const ca = world.certificate.certificate;
    for (const { name, layout } of images.values()) {
      // What no row of this kind copies is not pushed: the biggest image has gigabytes.
      if (!due.some((row) => row.image === name && row.redirects !== true)) continue;
      await pushLayout(layout, { url: source.url, repository: `bench/${name}`, ca }, "v1");
    }
    for (const row of due) {
      const image = images.get(row.image);
      if (image === undefined) continue;
      tell(`${row.name} …\n`);
      const input = { row, image, source, tools, runs: options.runs, warm: wanted("warm") };
      const result = judge(row, await runRow(world, input));
      results.push(result);
      if (options.json) tell(`${rowTable(result)}\n`);
      else console.log(rowTable(result));
    }
    await source.stop();
  }
  if (options.json) console.log(JSON.stringify({ ...about, rows: results }, null, 2));
} finally {
  await world.end();
}

function endAsWrong(because: string): never {
  console.error(`bench: ${because}; npm run bench -- --help shows how it is called`);
  process.exit(2);
}

function aboutRun(
  used: readonly Tool[],
  images: readonly BenchImage[],
  runs: number,
): Parameters<typeof headline>[0] {
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? "CPU"}, ${Math.round(totalmem() / 1e9)} GB`,
    node: process.version,
    versions: Object.fromEntries(used.map(({ name, version }) => [name, version])),
    images: images.map(({ name, words }) => `${name}: ${words}`),
    roundTripMilliseconds: ROUND_TRIPS,
    runs,
  };
}
