/** Does exactly what a remedy says, in a world file and a policy: as its owner would, in the account. */

import { mirror } from "../../src/cli/mirror.ts";
import { serveRegistry } from "../../src/sandbox/registry-server.ts";
import { createWorld, type World, type WorldOptions } from "../../src/sandbox/world.ts";
import { readWorldFile, type WorldFile } from "../../src/sandbox/world-file.ts";
import type { Remedy } from "../../src/substitution/remedy.ts";
import { commandIo } from "./command-io.ts";
import { ECR, SECRET } from "./ladder.ts";

export type Case = {
  readonly world: WorldFile;
  readonly policy: Readonly<Record<string, unknown>>;
  readonly options?: WorldOptions;
  /** What happens to the world before anything fails. */
  readonly before?: (world: World) => Promise<unknown>;
};

/** What only the owner can name, as it is called in these worlds. */
const OWNERS: Readonly<Record<string, string>> = {
  SECRET_ARN: SECRET,
  RULE_PREFIX: "hub",
  ROLE_ARN: "arn:aws:iam::123456789012:role/lent",
  IMAGE_ELSEWHERE: "public.ecr.aws/acme/redis:7.2",
};

type Mutable = { -readonly [Key in keyof WorldFile]: WorldFile[Key] };

/** The same case with the remedy followed. Throws for a command that nobody here can carry out. */
export async function follow(remedy: Remedy, one: Case): Promise<Case> {
  const named = JSON.parse(
    Object.entries(OWNERS).reduce(
      (text, [word, meant]) => text.replaceAll(word, meant),
      JSON.stringify(remedy),
    ),
  ) as Remedy;
  const file = structuredClone(one.world) as Mutable;
  if (named.setting !== undefined) return set(named.setting, { ...one, world: file });
  if (named.command === undefined) return await untilSo(named, { ...one, world: file });
  const commands = [...(named.first === undefined ? [] : [named.first]), named.command];
  if (named.command.includes("mirror"))
    return { ...one, before: async (world) => await runCommands(world, commands) };
  for (const command of commands) change(command, file);
  return { ...one, world: file };
}

function set({ key, value }: NonNullable<Remedy["setting"]>, one: Case): Case {
  // A parameter of the stack: what it gives is the right.
  if (key === "PullThroughRepositories") return { ...one, world: without(one.world, "ecr:BatchGetImage") };
  const policy = structuredClone(one.policy) as Record<string, unknown>;
  const [first = "", second] = key.split(".");
  policy[first] = second === undefined ? value : { ...(policy[first] as object), [second]: value };
  return { ...one, policy };
}

/** AWS's own commands. */
function change(argv: readonly string[], file: Mutable): void {
  const option = (name: string): string => argv[argv.indexOf(name) + 1] ?? "";
  const prefix = option("--ecr-repository-prefix");
  switch (argv.slice(0, 3).join(" ")) {
    case "aws ecr create-pull-through-cache-rule":
    case "aws ecr update-pull-through-cache-rule": {
      const account = file.secrets?.[option("--credential-arn")]?.username;
      const { secretIsWrong: _, ...rule } = file.pullThrough?.find((one) => one.prefix === prefix) ?? {
        prefix,
        upstream: option("--upstream-registry-url") === "registry-1.docker.io" ? "docker.io" : "",
      };
      const others = (file.pullThrough ?? []).filter((one) => one.prefix !== prefix);
      file.pullThrough = [...others, { ...rule, ...(account === undefined ? {} : { account }) }];
      return;
    }
    case "aws iam put-role-policy": {
      const name = option("--role-name");
      const { Statement: statements } = JSON.parse(option("--policy-document"));
      const given = (statements as { Action: string[] }[]).flatMap(({ Action }) => Action);
      const denied = (file.roles?.[name]?.denied ?? []).filter((action) => !given.includes(action));
      file.roles = { ...file.roles, [name]: { denied } };
      return;
    }
    case "aws ecr update-image-storage-class": {
      const images = file.registries?.ecr?.images ?? {};
      for (const [image, entry] of Object.entries(images))
        if (image.startsWith(`${option("--repository-name")}:`))
          images[image] = { ...entry, archived: false };
      return;
    }
    default:
      throw new Error(`no such command: ${argv.join(" ")}`);
  }
}

/** What there is neither a command nor a setting for: the world as it is when the waiting is over. */
async function untilSo({ code, params = {} }: Remedy, one: Case): Promise<Case> {
  const file = one.world as Mutable;
  const [service] = file.services ?? [];
  const hub = file.registries?.["docker.io"] ?? {};
  const registries = (host: string, entry: object) => ({ ...file.registries, [host]: entry });
  switch (code) {
    case "wait": {
      const { before: _, ...later } = one;
      return { ...later, world: { ...file, registries: withoutLimits(file.registries) } };
    }
    case "name-image-that-exists":
      return { ...one, world: { ...file, services: [{ ...service, image: params.elsewhere } as never] } };
    case "pin-by-digest": {
      const [path = "", tag = ""] = (params.image ?? "").split(":");
      const { registries: real } = await createWorld(readWorldFile(file));
      const digest = real.dockerHub.manifest(path.includes("/") ? path : `library/${path}`, tag)?.digest;
      return { ...one, world: { ...file, services: [{ ...service, image: `${path}@${digest}` } as never] } };
    }
    case "allow-permission":
      return { ...one, world: without(file, params.permission ?? "") };
    case "open-registry": {
      const { refusals = [] } = file;
      const refused = refusals.find(({ action }) => params.because?.includes(action));
      return { ...one, world: without(file, refused?.action ?? "") };
    }
    case "open-network": {
      const { subnets: ___, ...open } = file;
      return { ...one, world: open };
    }
    case "pay-for-account": {
      const paid = Object.entries(hub.accounts ?? {}).map(([user, { password }]) => [
        user,
        { password, limit: "unlimited" as const },
      ]);
      const entry = { ...hub, accounts: Object.fromEntries(paid) };
      return { ...one, world: { ...file, registries: registries("docker.io", entry) } };
    }
    case "reach-registry": {
      const { trouble: ____, ...reached } = file.registries?.[params.host ?? ""] ?? {};
      return { ...one, world: { ...file, registries: registries(params.host ?? "", reached) } };
    }
    default:
      throw new Error(`until when? ${code}`);
  }
}

function withoutLimits(registries: WorldFile["registries"] = {}): WorldFile["registries"] {
  return Object.fromEntries(
    Object.entries(registries).map(([host, { trouble: _, quota: __, ...open }]) => [host, open]),
  );
}

function without(file: WorldFile, action: string): WorldFile {
  return { ...file, refusals: (file.refusals ?? []).filter((one) => one.action !== action) };
}

/** Runs our own command over the world's registries, from an address that nobody has limited. */
async function runCommands(world: World, commands: readonly (readonly string[])[]): Promise<void> {
  const served = await Promise.all(
    [...world.registries.byHost].map(async ([host, registry]) => ({
      host: host === "docker.io" ? "registry-1.docker.io" : host,
      server: await serveRegistry(registry, { address: "203.0.113.200" }),
    })),
  );
  // Who stands in for a registry is shown the login of its own name.
  const ecr = served.find(({ host }) => host === ECR)?.server.host ?? "";
  const auth = Buffer.from(`AWS:${world.registries.ecr.issuePassword().password}`).toString("base64");
  const io = commandIo(
    { "/people/ann/.docker/config.json": JSON.stringify({ auths: { [ecr]: { auth } } }) },
    {
      REPULL_REGISTRY_ENDPOINTS: served.map(({ host, server }) => `${host}=${server.url}`).join(","),
      HOME: "/people/ann",
    },
  );
  try {
    for (const argv of commands) {
      if (argv.slice(0, 3).join(" ") === "aws ecr create-repository") {
        world.registries.ecr.createRepository(argv[argv.indexOf("--repository-name") + 1] ?? "");
        continue;
      }
      if (argv.slice(0, 2).join(" ") !== "repull mirror")
        throw new Error(`no such command: ${argv.join(" ")}`);
      const [source = "", target = "", ...options] = argv.slice(2);
      const platforms = options.filter((word) => word !== "--platform");
      const status = await mirror(
        // These worlds have registries alone, and no Lambda that a stack could be found in.
        { source, target, platforms, allPlatforms: false, referrers: false, json: true, stack: false },
        io,
      );
      if (status !== 0) throw new Error(io.printed.err);
    }
  } finally {
    await Promise.all(served.map(({ server }) => server.close()));
  }
}
