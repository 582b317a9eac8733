/**
 * Does exactly what a remedy says: runs its commands, makes its setting, or lets the time pass that it names, and answers
 * whether that has healed the world in which it was printed.
 */

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fix } from "../../../src/cli/commands/fix.ts";
import { undo } from "../../../src/cli/commands/undo.ts";
import { getObject, getString } from "../../../src/ecs/json-fields.ts";
import { parseReference, repositoryOf } from "../../../src/image/reference.ts";
import { NO_KILL_SWITCH } from "../../../src/remediation/gates/kill-switch.ts";
import { outcomeSchema } from "../../../src/remediation/report/outcome.ts";
import { silentLog } from "../../../src/runtime/log.ts";
import { createAccountInventory } from "../../../src/sandbox/aws/scan/account-inventory.ts";
import { createServiceInventory } from "../../../src/sandbox/aws/scan/service-inventory.ts";
import { accountOf } from "../../../src/sandbox/endpoint/call.ts";
import { serveEndpoint } from "../../../src/sandbox/endpoint/serve-endpoint.ts";
import { installRepull } from "../../../src/sandbox/install-repull.ts";
import { serveRegistry } from "../../../src/sandbox/registry/http-server.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile, type WorldFile } from "../../../src/sandbox/world/world-file.ts";
import { nested } from "../../../src/substitution/remedies/format-remedy.ts";
import type { OPERATOR_PLACEHOLDERS, Remedy } from "../../../src/substitution/remedies/remedy.ts";
import { type MutableWorld, runAws } from "../aws/aws-commands.ts";
import { type AwsAnswer, type AwsRequest, STUB_CREDENTIALS, startAwsStub } from "../aws/aws-stub.ts";
import { statementsOf } from "../aws/role-statements.ts";
import { readTemplate } from "../aws/template.ts";
import { commandIo } from "../command-io.ts";
import { inWorld } from "../sandbox-session.ts";
import { ECR, SECRET } from "../substitute-worlds.ts";
import { type Case, environmentOf, isWell, type Told, told } from "./tried-case.ts";

/** What only the operator can name, as it is called in these worlds. */
const OPERATORS: Readonly<Record<Exclude<(typeof OPERATOR_PLACEHOLDERS)[number], "TAG_KEY">, string>> = {
  SECRET_ARN: SECRET,
  RULE_PREFIX: "hub",
  ROLE_ARN: "arn:aws:iam::123456789012:role/lent",
  IMAGE_ELSEWHERE: "public.ecr.aws/acme/redis:7.2",
};

const HOURS = 3600;

/** What became of it: healed, or what is printed then. */
export type Followed = Pick<Told, "isHealed" | "world" | "outcome">;

/** Follows a remedy in the world of a case. Throws for what no operator could carry out. */
export async function follow(remedy: Remedy, one: Case): Promise<Followed> {
  const named = withOperatorNames(remedy);
  const file = structuredClone(one.world) as MutableWorld;
  if (named.setting !== undefined) return await after(set(named.setting, { ...one, world: file }));
  if (named.command !== undefined) {
    const commands = [...(named.first === undefined ? [] : [named.first]), named.command];
    const [program, action] = named.command;
    if (program === "repull" && action === "mirrors")
      return await after({ ...one, before: (world) => runInServedAccount(named.command ?? [], world, one) });
    if (program === "repull" && action !== "mirror") return await runByHand(named.command, one);
    if (program === "repull")
      return await after({ ...one, before: (world) => runInShell(commands, world, one) });
    for (const command of commands) runAws(command, file);
    return await after({ ...one, world: file });
  }
  if (named.code === "wait") return await untilThen(named, one);
  if (named.code === "next-failure") return await untilNextFailure(named, one);
  return await after(await untilSo(named, { ...one, world: file }));
}

async function after(one: Case): Promise<Followed> {
  return await told(one);
}

function withOperatorNames(remedy: Remedy): Remedy {
  let keys = 0;
  const text = JSON.stringify(remedy).replaceAll("TAG_KEY", () => `team-${++keys}`);
  return JSON.parse(
    Object.entries(OPERATORS).reduce((all, [word, meant]) => all.replaceAll(word, meant), text),
  ) as Remedy;
}

function set(setting: NonNullable<Remedy["setting"]>, one: Case): Case {
  const { key, value } = setting;
  if (/^[A-Z]/.test(key)) return setParameter(key, `${value}`, one);
  const [[first = "", inner] = []] = Object.entries(nested(setting));
  const policy = structuredClone(one.policy) as Record<string, unknown>;
  const isWhole = first === key;
  policy[first] = isWhole ? value : { ...(policy[first] as object), ...(inner as object) };
  return { ...one, policy };
}

/** A parameter of the template, with a value that it takes; what it gives a right to is refused no more. */
function setParameter(key: string, value: string, one: Case): Case {
  const { [key]: parameter } = readTemplate().parameters;
  const { AllowedValues: allowed } = parameter as { readonly AllowedValues?: readonly string[] };
  if (allowed !== undefined && !allowed.includes(value)) throw new Error(`${key} takes no ${value}`);
  const parameters = { ...one.parameters, [key]: value };
  const given = statementsOf("mirror", { Mode: "remediate", ...parameters });
  const had = new Set(
    statementsOf("mirror", { Mode: "remediate", ...one.parameters }).map(({ text }) => text),
  );
  const isGiven = (action: string): boolean =>
    given.some(({ actions, text }) => actions.includes(action) && !had.has(text));
  const refusals = (one.world.refusals ?? []).filter(({ action }) => !isGiven(action));
  return { ...one, parameters, world: { ...one.world, refusals } };
}

/** The world is not touched: its clock alone goes on, to the moment that is named or, without one, through a window. */
async function untilThen({ at, params = {} }: Remedy, one: Case): Promise<Followed> {
  const { world, outcome } = await told(one);
  if (params.again !== undefined) {
    await world.clock.advanceTo(at === undefined ? world.clock.now() + 6 * HOURS * 1000 : Date.parse(at));
    await runNext(world, outcome?.workload?.name);
    return { isHealed: await isWell(world), world };
  }
  const seconds = at === undefined ? 6 * HOURS : (Date.parse(at) - world.clock.now()) / 1000;
  // ECS waits a quarter of an hour at most between two tries.
  await world.run(Math.max(0, seconds) + HOURS / 2);
  return { isHealed: await isWell(world), world };
}

/** The next run of each rule and schedule; of one that is not found, what it ran before. */
async function runNext(world: World, family = ""): Promise<void> {
  const { all } = world.schedules;
  const named = all.map(({ target }) =>
    getString(getObject(target, "EcsParameters") ?? {}, "TaskDefinitionArn"),
  );
  const revisions = all.length > 0 ? named : [family];
  for (const taskDefinition of revisions)
    world.cluster.runTask({ cluster: "prod", taskDefinition: taskDefinition ?? "" });
  await world.run(HOURS / 2);
}

/** The same world goes on until something fails after the moment that is named. */
async function untilNextFailure({ at }: Remedy, one: Case): Promise<Followed> {
  const { world, policy } = await told(one);
  if (at !== undefined) await world.clock.advanceTo(Date.parse(at));
  const before = world.bus.outcomes.length;
  const stop = installRepull(world, { policy });
  await world.runUntil(() => world.bus.outcomes.length > before, 24 * HOURS);
  stop();
  // It may be that nothing fails any more.
  if (world.bus.outcomes.length === before) return { isHealed: await isWell(world), world };
  const outcome = outcomeSchema.parse(world.bus.outcomes[before]);
  return { isHealed: outcome.outcome === "succeeded", world, outcome };
}

/** What there is neither a command nor a setting for: the world as it is when the waiting is over. */
async function untilSo({ code, params = {}, until = "" }: Remedy, one: Case): Promise<Case> {
  const file = one.world as MutableWorld;
  const hub = file.registries?.["docker.io"] ?? {};
  const withImage = (image: string | undefined): Case => {
    if (image === undefined) throw new Error(`which image? ${until}`);
    const named = <Entry extends object>(entries: readonly Entry[] | undefined) =>
      entries?.map(({ taskDefinition: _, ...entry }: Entry & { taskDefinition?: unknown }) => ({
        ...entry,
        image,
      }));
    return {
      ...one,
      world: { ...file, services: named(file.services), tasks: named(file.tasks) } as WorldFile,
    };
  };
  switch (code) {
    case "name-image-that-exists":
      return withImage(params.elsewhere);
    case "deploy-yourself":
      return withImage(
        /(?:with|on) (?<image>\S+:\S+) from (?<place>\S+)/.exec(until)?.groups?.place ?? inEcr(file),
      );
    case "open-calendar":
      return { ...one, world: { ...file, calendars: { freeze: [] } } as WorldFile };
    case "pin-by-digest": {
      const { host, path, tag = "latest" } = parseReference(params.image ?? "");
      const { registries: real } = await createWorld(readWorldFile(file));
      const digest = real.byHost.get(host)?.manifest(path, tag)?.digest;
      return withImage(`${repositoryOf(params.image ?? "")}@${digest}`);
    }
    case "remove-tag":
      return {
        ...one,
        world: { ...file, tasks: file.tasks?.map(({ tags: _, ...task }) => task) } as WorldFile,
      };
    case "set-tag": {
      const { key = "", value = "" } = params;
      const tasks = file.tasks?.map((task) => ({ ...task, tags: { ...task.tags, [key]: value } }));
      return { ...one, world: { ...file, tasks } as WorldFile };
    }
    case "allow-permission":
    case "change-request":
      return without(one, params.permission ?? "");
    case "open-registry": {
      const refused = file.refusals?.find(({ action }) => params.because?.includes(action));
      return without(one, refused?.action ?? "");
    }
    case "open-network": {
      const { subnets: _, ...open } = file;
      return { ...one, world: open };
    }
    case "pay-for-account": {
      const paid = Object.entries(hub.accounts ?? {}).map(([user, { password }]) => [
        user,
        { password, limit: "unlimited" as const },
      ]);
      const entry = { ...hub, accounts: Object.fromEntries(paid) };
      return { ...one, world: { ...file, registries: { ...file.registries, "docker.io": entry } } };
    }
    case "reach-registry": {
      const host = params.host ?? "";
      const { trouble: _, ...reached } = file.registries?.[host] ?? {};
      return { ...one, world: { ...file, registries: { ...file.registries, [host]: reached } } };
    }
    default:
      throw new Error(`until when? ${code}: ${until}`);
  }
}

/** An image of the world's own ECR. */
function inEcr({ registries }: WorldFile): string | undefined {
  const [name] = Object.keys(registries?.ecr?.images ?? {});
  return name && `${ECR}/${name}`;
}

function without(one: Case, action: string): Case {
  const refusals = one.world.refusals ?? [];
  const left = refusals.filter((refusal) => refusal.action !== action);
  if (left.length === refusals.length) throw new Error(`${action} is not refused`);
  return { ...one, world: { ...one.world, refusals: left } };
}

/** Runs our own commands over a sandbox, by the options that the command line takes. */
async function runByHand(argv: readonly string[], one: Case): Promise<Followed> {
  const { world, policy } = await told(one);
  const { positionals, values } = parseArgs({
    args: argv.slice(2) as string[],
    options: { cluster: { type: "string" }, yes: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const [name = "", ...others] = positionals;
  if (others.length > 0) throw new Error(`more than one name: ${argv.join(" ")}`);
  const io = commandIo();
  const at = { where: "the sandbox", inventory: createServiceInventory(world.cluster), clock: world.clock };
  const asked = {
    json: false,
    yes: values.yes,
    ...(values.cluster === undefined ? {} : { cluster: values.cluster }),
  };
  const { ecs, schedules } = world.ports;
  const run = (): Promise<number> =>
    argv[1] === "undo"
      ? undo(
          { name, wait: true, ...asked },
          {
            ...at,
            ports: { ecs, schedules, log: silentLog },
            executionHistory: { past: async () => [] },
            scheduledTasks: createAccountInventory(world).scheduledTasks,
          },
          io,
        )
      : fix(
          { service: name, settle: true, ...asked },
          {
            ...at,
            home: world.home,
            installed: { policy, from: "the policy", killSwitch: NO_KILL_SWITCH },
            flags: "",
            portsFor: (log) => ({ ...world.ports, log }),
          },
          io,
        );
  const status = await inWorld(world, run);
  if (status !== 0)
    throw new Error(`${argv.join(" ")} ended with ${status}: ${io.printed.out}${io.printed.err}`);
  if (argv[1] === "fix") return { isHealed: await isWell(world), world };
  await runNext(world);
  return { isHealed: await isWell(world), world };
}

const ROOT = new URL("../../../", import.meta.url).pathname;

/** Runs the command line itself as a process, over the world's registries, from an address without a limit. */
async function runInShell(commands: readonly (readonly string[])[], world: World, one: Case): Promise<void> {
  const stub = await startAwsStub(
    async (request) => ecrAnswers(request, world) ?? stackAnswers(request, one),
  );
  const served = await Promise.all(
    [...world.registries.byHost].map(async ([host, registry]) => ({
      host: host === "docker.io" ? "registry-1.docker.io" : host,
      server: await serveRegistry(registry, { address: "203.0.113.200" }),
    })),
  );
  const home = await mkdtemp(join(tmpdir(), "repull-remedy-"));
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL: stub.url,
    AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
    REPULL_REGISTRY_ENDPOINTS: served.map(({ host, server }) => `${host}=${server.url}`).join(","),
  };
  try {
    for (const [program = "", ...words] of commands) {
      if (program === "repull") await runRepull(words, env);
      else createRepository(words, world);
    }
  } finally {
    await Promise.all(served.map(({ server }) => server.close()));
    await stub.stop();
    await rm(home, { recursive: true });
  }
}

/** Runs the command line itself as a process, in the world's account with a stack of Repull in it. */
async function runInServedAccount(
  [, ...words]: readonly string[],
  world: World,
  { world: file }: Case,
): Promise<void> {
  const account = accountOf(world, file, { name: "repull", mode: "remediate" });
  account.parameters.set("/repull/writes", "allowed");
  const endpoint = await serveEndpoint(account);
  try {
    await runRepull(words, {
      PATH: process.env.PATH,
      HOME: "/nonexistent",
      AWS_REGION: "us-east-1",
      AWS_ENDPOINT_URL: endpoint.url,
      AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
    });
  } finally {
    await endpoint.close();
  }
}

/** The token of the world's ECR. */
function ecrAnswers({ action }: AwsRequest, { registries, clock }: World): AwsAnswer | undefined {
  if (action !== "GetAuthorizationToken") return undefined;
  const authorizationToken = Buffer.from(`AWS:${registries.ecr.issuePassword().password}`).toString("base64");
  return { body: { authorizationData: [{ authorizationToken, expiresAt: clock.now() / 1000 + 43_200 }] } };
}

/** The stack by whose policy and kill switch the command goes. */
function stackAnswers({ action, body }: AwsRequest, { policy, parameters }: Case): AwsAnswer {
  const name = "repull-remediate";
  const arn = `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
  if (action === "GetParameter")
    return { body: { Parameter: { Value: body.Name === "/writes" ? "allowed" : JSON.stringify(policy) } } };
  if (action.includes("/tags/")) return { body: { Tags: { "repull:stack": "repull" } } };
  if (/\/functions\/?(?:\?|$)/.test(action))
    return { body: { Functions: [{ FunctionName: name, FunctionArn: arn }] } };
  if (!action.endsWith("/configuration")) return { status: 500, body: `no answer to ${action}` };
  const environment = {
    ...environmentOf(parameters),
    REPULL_WRITES_PARAMETER: "/writes",
    REPULL_POLICY_PARAMETER: "/policy",
  };
  return { body: { Environment: { Variables: environment } } };
}

function createRepository(words: readonly string[], world: World): void {
  const [ecr, action, flag, name, ...others] = words;
  const isIt =
    `${ecr} ${action} ${flag}` === "ecr create-repository --repository-name" && others.length === 0;
  if (!isIt || name === undefined) throw new Error(`no such command: aws ${words.join(" ")}`);
  world.registries.ecr.createRepository(name);
}

function runRepull(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ["src/cli/main.ts", ...args], { cwd: ROOT, env }, (error, _, err) => {
      if (error === null) resolve();
      else reject(new Error(`repull ${args.join(" ")}: ${err}`));
    });
  });
}
