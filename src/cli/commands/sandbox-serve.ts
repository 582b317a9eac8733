/**
 * `repull sandbox serve`: a whole AWS account on loopback, with the registries that its tasks pull from.
 *
 * The AWS CLI, Repull's own commands, skopeo, crane and docker speak to it as to the real ones. Its time passes as fast as
 * the clock on the wall, or faster.
 */

import { InvalidInput } from "../../image/invalid-input.ts";
import { systemClock } from "../../runtime/clock.ts";
import { accountOf } from "../../sandbox/endpoint/call.ts";
import { installStack } from "../../sandbox/endpoint/installed-stack.ts";
import { CLOCK_VARIABLE, formatSandboxTime, type SandboxTime } from "../../sandbox/endpoint/sandbox-clock.ts";
import { type ServedEndpoint, serveEndpoint } from "../../sandbox/endpoint/serve-endpoint.ts";
import { followWallClock } from "../../sandbox/endpoint/wall-clock.ts";
import { createRandom } from "../../sandbox/random.ts";
import { type ServedRegistry, serveRegistry } from "../../sandbox/registry/http-server.ts";
import type { SandboxRegistry } from "../../sandbox/registry/registry.ts";
import { createWorld, type World } from "../../sandbox/world/world.ts";
import { readWorldFile, type WorldFile } from "../../sandbox/world/world-file.ts";
import type { Mode } from "../../substitution/policy/stack-settings.ts";
import { demoWorld } from "../demo/demo-world.ts";
import { EXIT } from "../exit-status.ts";
import { parseJson } from "../input/parse-json.ts";
import { type CommandIo, untilAborted } from "../io.ts";
import { jsonLine } from "../output/json-line.ts";
import { textTable } from "../output/text-table.ts";
import { unreadableFile } from "../wrong-call.ts";
import { installMirrors } from "./sandbox-mirrors.ts";

export type SandboxServeInput = {
  readonly world?: string;
  readonly seed: string;
  /** 0: any free one. */
  readonly port: number;
  /** Seconds of the sandbox in one second. */
  readonly speed: number;
  /** A stack of Repull that is installed in the account; absent: none. */
  readonly stack?: string;
  /** Its Mode; absent: remediate. */
  readonly mode?: Mode;
  readonly json: boolean;
};

type Served = { readonly name: string; readonly registry: SandboxRegistry; readonly server: ServedRegistry };

/** Serves until it is interrupted. Throws InvalidInput. */
export async function sandboxServe(
  { world: path, seed, port, speed, stack, mode = "remediate", json }: SandboxServeInput,
  io: CommandIo,
): Promise<number> {
  const file = path === undefined ? demoWorld(createRandom(seed)) : await worldFrom(path, io);
  // It begins now, unless the file says otherwise: what Repull did is then found by its own commands.
  const world = await createWorld({ time: new Date(systemClock.now()).toISOString(), ...file }, { seed });
  const wallClock = followWallClock(world.clock, speed);
  const account = accountOf(world, file, stack === undefined ? undefined : { name: stack, mode });
  const uninstall = installStack(account);
  const served: Served[] = [];
  let endpoint: ServedEndpoint | undefined;
  try {
    endpoint = await serveEndpoint(account, { port, wallClock }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new InvalidInput("--port", `a free port of this machine: ${why}`, { cause: error });
    });
    installMirrors(account, endpoint.url);
    for (const [name, registry] of world.registries.byHost)
      served.push({
        name,
        registry,
        server: await serveRegistry(registry, { address: world.addresses.repull }),
      });
    tell(
      world,
      endpoint,
      served,
      { json, time: wallClock.time, ...(stack === undefined ? {} : { stack }) },
      io,
    );
    await untilAborted(io.signal);
    return EXIT.stopped;
  } finally {
    uninstall();
    wallClock.stop();
    await Promise.all([endpoint, ...served.map(({ server }) => server)].map((server) => server?.close()));
  }
}

function tell(
  { home, registries }: World,
  endpoint: ServedEndpoint,
  served: readonly Served[],
  { json, time, stack }: Pick<SandboxServeInput, "json" | "stack"> & { readonly time: SandboxTime },
  io: CommandIo,
): void {
  const { password } = registries.ecr.issuePassword();
  const environment = {
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_REGION: home.region,
    AWS_ACCESS_KEY_ID: "sandbox",
    AWS_SECRET_ACCESS_KEY: "sandbox",
    REPULL_REGISTRY_ENDPOINTS: served
      .map(({ registry, server }) => `${registry.host}=${server.url}`)
      .join(","),
    // What a command waits for there passes as fast as the sandbox does.
    [CLOCK_VARIABLE]: formatSandboxTime(time),
  };
  const { speed } = time;
  const images = served.flatMap(({ name, registry, server }) =>
    registry.repositories().flatMap((repository) =>
      Object.keys(registry.tags(repository)).map((tag) => ({
        image: `${name}/${repository}:${tag}`,
        at: `${server.host}/${repository}:${tag}`,
      })),
    ),
  );
  const { account, region } = home;
  if (json) {
    const addresses = Object.fromEntries(served.map(({ name, server }) => [name, server.url]));
    const ecr = { user: "AWS", password };
    const listening = {
      endpoint: endpoint.url,
      region,
      account,
      registries: addresses,
      environment,
      ecr,
      images,
    };
    io.out(jsonLine("listening", listening));
    return;
  }
  const pace =
    speed === 1 ? "Its time passes as yours does." : `Its time passes ${speed} times as fast as yours.`;
  const lines = [
    `Serving account ${account}, region ${region}, at ${endpoint.url} until Ctrl-C. Nothing here is real AWS. ${pace}`,
    "",
    "In another terminal:",
    ...Object.entries(environment).map(([name, value]) => `  export ${name}=${value}`),
    // A profile goes before the keys, and has real ones, or an expired login.
    "  unset AWS_PROFILE",
    "  repull scan",
    ...(stack === undefined
      ? ["  repull fix SERVICE --no-stack"]
      : ["  repull status", "  repull fix SERVICE"]),
    "",
    ...textTable(
      ["image", "is at"],
      images.map(({ image, at }) => [image, at]),
    ).map((line) => `  ${line}`),
    "",
    `  ECR: user AWS, password ${password}`,
    `  Other clients: skopeo inspect --tls-verify=false docker://${images[0]?.at ?? "127.0.0.1"}`,
  ];
  for (const line of lines) io.out(`${line}\n`);
}

async function worldFrom(path: string, io: CommandIo): Promise<WorldFile> {
  const text = await io.readFile(path);
  if (text === undefined) throw unreadableFile(path, io, "--world");
  return readWorldFile(parseJson(text, path));
}
