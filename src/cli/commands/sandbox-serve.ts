/**
 * `repull sandbox serve`: the sandbox's registries on loopback, for clients that are not ours.
 *
 * Docker Hub with its quota, ECR Public and ECR with its ways, as skopeo, crane or docker meet them. Their clock stands
 * still, so what is used of a quota does not come back.
 */

import { InvalidInput } from "../../image/invalid-input.ts";
import { createRandom } from "../../sandbox/random.ts";
import { serveRegistry } from "../../sandbox/registry/http-server.ts";
import { createWorld } from "../../sandbox/world/world.ts";
import { readWorldFile, type WorldFile } from "../../sandbox/world/world-file.ts";
import { demoWorld } from "../demo/demo-world.ts";
import { EXIT } from "../exit-status.ts";
import { parseJson } from "../input/parse-json.ts";
import type { CommandIo } from "../io.ts";
import { jsonLine } from "../output/json-line.ts";
import { textTable } from "../output/text-table.ts";

export type SandboxServeInput = { readonly world?: string; readonly seed: string; readonly json: boolean };

/** Serves until it is interrupted. */
export async function sandboxServe(
  { world: path, seed, json }: SandboxServeInput,
  io: CommandIo,
): Promise<number> {
  const file = path === undefined ? demoWorld(createRandom(seed)) : await worldFrom(path, io);
  const { registries, addresses } = await createWorld(file, { seed });
  const served = await Promise.all(
    [...registries.byHost].map(async ([name, registry]) => ({
      name,
      registry,
      server: await serveRegistry(registry, { address: addresses.repull }),
    })),
  );
  try {
    const ecrPassword = registries.ecr.issuePassword().password;
    const endpoints = served.map(({ registry, server }) => `${registry.host}=${server.url}`).join(",");
    const images = served.flatMap(({ name, registry, server }) =>
      registry.repositories().flatMap((path) =>
        Object.keys(registry.tags(path)).map((tag) => ({
          stands: `${name}/${path}:${tag}`,
          at: `${server.host}/${path}:${tag}`,
        })),
      ),
    );
    if (json) io.out(jsonLine("sandbox", { endpoints, ecrUser: "AWS", ecrPassword, images }));
    else for (const line of formatEndpoints(endpoints, ecrPassword, images)) io.out(`${line}\n`);
    await aborted(io.signal);
    return EXIT.stopped;
  } finally {
    await Promise.all(served.map(({ server }) => server.close()));
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function worldFrom(path: string, io: CommandIo): Promise<WorldFile> {
  const text = await io.readFile(path);
  if (text === undefined) throw new InvalidInput("--world", `a readable file, got ${path}`);
  return readWorldFile(parseJson(text, path));
}

function formatEndpoints(
  endpoints: string,
  password: string,
  images: readonly { stands: string; at: string }[],
): readonly string[] {
  return [
    "Serving the sandbox's registries on loopback, over plain HTTP, until Ctrl-C. Their clock stands still.",
    "",
    ...textTable(
      ["image", "is at"],
      images.map(({ stands, at }) => [stands, at]),
    ).map((line) => `  ${line}`),
    "",
    `  ECR: user AWS, password ${password}`,
    `  For Repull itself: REPULL_REGISTRY_ENDPOINTS=${endpoints}`,
    `  Next: skopeo inspect --tls-verify=false docker://${images[0]?.at ?? "127.0.0.1"}`,
  ];
}
