/**
 * `npm start`: the whole story in a closed world, in a minute of reading.
 *
 * Three services deploy, Docker Hub's limit strikes, and the product, unchanged, puts them back on their feet. The seed
 * decides which images they run and how the world behaves; the same seed tells the same story.
 */

import type { Detected } from "../remediation/detect.ts";
import type { Outcome } from "../remediation/outcome.ts";
import type { JsonObject } from "../runtime/json.ts";
import { createRandom, type Random } from "../runtime/random.ts";
import { installRepull } from "../sandbox/product.ts";
import { createWorld, type World } from "../sandbox/world.ts";
import { readWorldFile, type WorldFile } from "../sandbox/world-file.ts";
import { explainPlan } from "../substitution/explain.ts";
import type { Policy } from "../substitution/policy.ts";
import { revisionName } from "../workload/arn.ts";
import { primaryDeployment } from "../workload/service.ts";
import { containersOf } from "../workload/task-definition.ts";
import type { CommandIo } from "./io.ts";
import { outcomeInWords, shortened } from "./outcome-words.ts";
import { storyLog } from "./story.ts";
import { textTable } from "./text-table.ts";

export type DemoInput = { readonly seed: string; readonly json: boolean; readonly policy: Policy };

const WORLD_SECONDS_MAX = 7200;
const SERVICES = ["storefront", "dashboards", "jobs"] as const;

/** Tells the story; exit status 1 where a service was not healed. */
export async function demo({ seed, json, policy }: DemoInput, io: CommandIo): Promise<number> {
  const tell = json ? () => undefined : (line: string) => io.out(`${line}\n`);
  tell(
    "Three services on Docker Hub images, in a sandbox: no AWS account, no network. Times are the sandbox's own.",
  );
  tell(`Seed ${seed}; another one tells another story: npm start -- --seed 7`);
  tell("");

  let world: World | undefined;
  const story = storyLog(() => world?.clock.now() ?? 0, tell);
  const file = worldFor(createRandom(seed));
  world = await createWorld(file, { seed, log: story.log });
  tell(
    `  Docker Hub grants this NAT gateway ${file.registries?.["docker.io"]?.quota?.remaining ?? 0} more pulls. The deployments begin.`,
  );

  const told = new Set<string>();
  installRepull(world, {
    policy,
    onDetected: (detected, document) => tellDetected(detected, document as JsonObject, told, story.say),
    onPlan: (plan, { service }) => {
      story.say(`plan for ${service}`);
      for (const line of explainPlan(plan)) story.say(`  ${line}`);
    },
  });
  const { bus } = world;
  world.bus.subscribe(async (document) => {
    if (document.source !== "repull") return;
    const outcome = document.detail as unknown as Outcome;
    story.say(`${outcome.workload?.name ?? "?"} ${outcome.outcome}: ${outcome.because}`);
  });

  const before: Row[] = [];
  const struck = (): boolean => SERVICES.every((name) => told.has(name)) || bus.outcomes.length > 0;
  await world.runUntil(struck, WORLD_SECONDS_MAX);
  before.push(...(await rows(world)));
  const ended = (): boolean =>
    bus.outcomes.length >= told.size && world !== undefined && !world.executions.running();
  await world.runUntil(ended, WORLD_SECONDS_MAX);
  await world.run(120);
  const after = await rows(world);

  const outcomes = bus.outcomes as unknown as readonly Outcome[];
  const healed = after.every(({ running, desired }) => running === desired);
  if (json) io.out(`${JSON.stringify({ seed, before, after, outcomes, healed })}\n`);
  else for (const line of closing(before, after, outcomes)) io.out(`${line}\n`);
  return healed ? 0 : 1;
}

type Row = {
  service: string;
  revision: string;
  desired: number;
  running: number;
  rollout: string;
  images: readonly string[];
};

async function rows(world: World): Promise<readonly Row[]> {
  return await Promise.all(
    SERVICES.map(async (name) => {
      const service = await world.ports.ecs.describeService("shop", name);
      const primary = service === undefined ? undefined : primaryDeployment(service);
      const described =
        primary === undefined
          ? undefined
          : await world.ports.ecs.describeTaskDefinition(primary.taskDefinition);
      return {
        service: name,
        revision: revisionName(primary?.taskDefinition ?? "none"),
        desired: primary?.desiredCount ?? 0,
        running: primary?.runningCount ?? 0,
        rollout: primary?.rolloutState ?? "",
        images:
          described === undefined
            ? []
            : containersOf(described.taskDefinition).map(({ image }) => image ?? ""),
      };
    }),
  );
}

/** One line for each service's first failure; the rest of the flood is only counted. */
function tellDetected(
  detected: Detected,
  document: JsonObject,
  told: Set<string>,
  say: (text: string) => void,
): void {
  if (detected.kind !== "started") return;
  const detail = document.detail as JsonObject;
  const service = String(detail.group).replace(/^service:/, "");
  told.add(service);
  const containers = detail.containers as readonly JsonObject[];
  const reason =
    containers.map((container) => container.reason).find((text) => typeof text === "string") ??
    detail.stoppedReason;
  say(`${service}: a task of ${revisionName(String(detail.taskDefinitionArn))} stopped`);
  say(`  “${String(reason).slice(0, 400)}”`);
  say(`  remediation ${detected.execution.slice(0, 14)}… started`);
}

function closing(
  before: readonly Row[],
  after: readonly Row[],
  outcomes: readonly Outcome[],
): readonly string[] {
  const table = textTable(
    ["service", "when the limit struck", "now", "image now"],
    after.map((now, index) => {
      const then = before[index];
      return [
        now.service,
        then === undefined ? "" : state(then),
        state(now),
        now.images.map(shortened).join(", "),
      ];
    }),
  );
  return [
    "",
    ...table.map((line) => `  ${line}`),
    "",
    ...outcomes.filter(({ outcome }) => outcome !== "settled").flatMap((outcome) => outcomeInWords(outcome)),
    "  Next: try your own event with  npx repull explain FILE  or  npx repull replay FILE",
  ];
}

function state({ revision, running, desired, rollout }: Row): string {
  return `${revision} ${running}/${desired} running ${rollout.toLowerCase().replace("_", " ")}`;
}

/** Which images: one that ECR Public has, one that must be copied, one that was copied long ago. */
function worldFor(random: Random): WorldFile {
  const official = random.pick(["nginx:1.27", "httpd:2.4", "caddy:2.8", "traefik:3.1"]);
  const vendor = random.pick([
    "grafana/grafana:11.2.0",
    "metabase/metabase:v0.50.3",
    "prefecthq/prefect:3.1.0",
  ]);
  const [runtime, cache] = random.pick([
    ["python:3.12", "redis:7"],
    ["node:22", "memcached:1.6"],
    ["ruby:3.3", "valkey/valkey:8"],
  ] as const);
  const multi = { platforms: ["linux/amd64", "linux/arm64"] };
  const hub = (image: string): string => (image.includes("/") ? image : `library/${image}`);
  const twin = (image: string): Record<string, { sameAs: string }> =>
    image.includes("/") ? {} : { [`docker/library/${image}`]: { sameAs: `docker.io/library/${image}` } };
  const copied = { [`repull/docker.io/${hub(runtime)}`]: { sameAs: `docker.io/${hub(runtime)}` } };
  return readWorldFile({
    services: [
      {
        cluster: "shop",
        name: "storefront",
        image: official,
        formerly: "nginx:1.25",
        revision: 42,
        desiredCount: random.integer(2, 4),
      },
      {
        cluster: "shop",
        name: "dashboards",
        image: vendor,
        revision: 7,
        launchType: "EC2",
        architecture: "X86_64",
        desiredCount: random.integer(1, 2),
      },
      {
        cluster: "shop",
        name: "jobs",
        images: { worker: runtime, cache },
        revision: 18,
        architecture: "ARM64",
        desiredCount: random.integer(1, 3),
      },
    ],
    registries: {
      "docker.io": {
        images: Object.fromEntries(
          [official, vendor, runtime, cache, "nginx:1.25"].map((image) => [hub(image), multi]),
        ),
        quota: { remaining: 0 },
      },
      "public.ecr.aws": { images: { ...twin(official), ...twin(cache) } },
      ecr: { images: copied },
    },
  });
}
