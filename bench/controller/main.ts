/**
 * `npm run bench -- controller [--pods N] [--seconds N] [--json]`: the memory of the controller in a cluster of so many pods, the built
 * command in a process of its own over a real API server; as Node starts by itself, and as the image starts it. `--flags` may begin
 * with variables, as in a shell: `--flags "MALLOC_ARENA_MAX=1 --optimize-for-size"`. Needs `.cache/kube` and `node build.ts`. Ends with
 * 1 where the goal is missed.
 */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { NODE_ENVIRONMENT, NODE_FLAGS } from "../../infra/image/node-flags.ts";
import { imageIndexCrd } from "../../src/kubernetes/policies/image-index-crd.ts";
import { connectApi } from "../../test/support/kube/api-client.ts";
import { startProgram } from "../../test/support/kube/child-processes.ts";
import { type ControlPlane, startControlPlane } from "../../test/support/kube/control-plane.ts";
import { fillCluster } from "./fill-cluster.ts";

const variables = Object.entries(NODE_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: {
    pods: { type: "string", default: "5000" },
    seconds: { type: "string", default: "60" },
    flags: { type: "string", multiple: true, default: ["", [...variables, ...NODE_FLAGS].join(" ")] },
    json: { type: "boolean", default: false },
  },
});

/** At 5,000 pods. */
const GOAL_MEGABYTES = 128;

const plane = await startControlPlane();
// No registry is asked outside: each answers at once that it has nothing.
const registry = createServer((_, response) => response.writeHead(404).end());
await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
try {
  await plane.kubectl.apply(imageIndexCrd());
  const api = await connectApi(plane);
  const bytes = await fillCluster(api, Number(values.pods));
  api.close();
  const bytesOfAPod = Math.round(bytes / Number(values.pods));
  const rows: {
    readonly flags: string;
    readonly resident: number;
    readonly anonymous: number;
    readonly most: number;
  }[] = [];
  for (const flags of values.flags)
    rows.push({ flags, ...(await memoryOf(plane, flags, Number(values.seconds))) });
  // The goal is of what is installed: the image's flags, which are measured last.
  const measured = rows.at(-1)?.most ?? Number.NaN;
  const goal = { megabytes: GOAL_MEGABYTES, measured, isMet: measured <= GOAL_MEGABYTES };
  if (values.json)
    console.log(JSON.stringify({ pods: Number(values.pods), bytesOfAPod, goal, rows }, null, 2));
  else
    console.log(
      [
        `${values.pods} pods of ${bytesOfAPod} bytes each, as the API server lists them`,
        "| Node flags | resident | of it anonymous | at most |\n|---|---|---|---|",
        ...rows.map(
          ({ flags, resident, anonymous, most }) =>
            `| ${flags === "" ? "none" : `\`${flags}\``} | ${resident} MB | ${anonymous} MB | ${most} MB |`,
        ),
        `at most ${measured} MB of ${GOAL_MEGABYTES}: ${goal.isMet ? "met" : "**missed**"}`,
      ].join("\n"),
    );
  if (!goal.isMet) process.exitCode = 1;
} finally {
  registry.close();
  await plane.stop();
}

async function memoryOf({ kubeconfig, folder }: ControlPlane, flags: string, seconds: number) {
  const { port } = registry.address() as AddressInfo;
  const elsewhere = ["registry-1.docker.io", "auth.docker.io", "public.ecr.aws", "mirror.gcr.io"].map(
    (host) => `${host}=http://127.0.0.1:${port}`,
  );
  const words = flags.split(" ").filter((word) => word !== "");
  const isVariable = (word: string) => /^[A-Z_]+=/.test(word);
  const program = startProgram({
    name: "repull kubernetes controller",
    path: process.execPath,
    args: [
      ...words.filter((word) => !isVariable(word)),
      ...[
        "dist/cli/repull.mjs",
        "kubernetes",
        "controller",
        "--kubeconfig",
        kubeconfig,
        "--namespace",
        "repull",
      ],
      ...["--no-aws", "--mode", "observe"],
    ],
    logPath: join(folder, "controller.log"),
    env: {
      ...Object.fromEntries(words.filter(isVariable).map((word) => word.split("="))),
      REPULL_REGISTRY_ENDPOINTS: elsewhere.join(","),
    },
  });
  try {
    await Promise.race([delay(seconds * 1000), program.ended]);
    const status = await readFile(`/proc/${program.pid}/status`, "utf8");
    const megabytes = (name: string) =>
      Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1.024e-3);
    return { resident: megabytes("VmRSS"), anonymous: megabytes("RssAnon"), most: megabytes("VmHWM") };
  } finally {
    await program.stop();
  }
}
