/** A recorded event in a closed world: ECS, the registries and their quotas as a small file beside it tells. */

import type { PullFailure } from "../ecs-events/pull-failure-event.ts";
import { readEvent } from "../ecs-events/read-event.ts";
import { isDockerHubFront } from "../image/hosts.ts";
import { InvalidInput } from "../image/invalid-input.ts";
import { canonicalName, referenceIn } from "../image/reference.ts";
import { detect } from "../remediation/detect.ts";
import type { Outcome } from "../remediation/outcome.ts";
import { outcomeOf } from "../remediation/report.ts";
import type { JsonObject } from "../runtime/json.ts";
import { serveWorkflows } from "../sandbox/product.ts";
import { createWorld, type World } from "../sandbox/world.ts";
import { readWorldFile, type WorldFile } from "../sandbox/world-file.ts";
import { explainPlan } from "../substitution/explain.ts";
import { publicTwin } from "../substitution/strategies/public-mirror.ts";
import { familyAndRevision, revisionOf } from "../workload/arn.ts";
import type { CommandIo } from "./io.ts";
import type { Replay, ReplayInput } from "./replay.ts";
import { storyLog } from "./story.ts";

/** Longer than any remediation may take: a day of the world's time. */
const WORLD_SECONDS_MAX = 86_400;

/** Replays documents, each in a fresh world. */
export function replayInSandbox(input: ReplayInput, io: CommandIo): Replay {
  return async (document, file, tell) => {
    const read = readEvent(document);
    if (read.kind === "ignored") return outcomeOf(read, undefined, "none");
    const described = await worldFor(read, file, input, io);
    tell(`  in a sandbox: ${described.from}`);
    let world: World | undefined;
    const line = storyLog(() => world?.clock.now() ?? 0, tell);
    world = await createWorld(described.file, { seed: input.seed, log: line.log });
    serveWorkflows(world, {
      policy: input.policy,
      settle: input.settle,
      onPlan: (plan) => {
        for (const text of explainPlan(plan)) line.say(text);
      },
    });
    world.cluster.recallTask((document as { detail: JsonObject }).detail);
    return await remediateIn(world, document, read);
  };
}

async function remediateIn(world: World, document: unknown, failure: PullFailure): Promise<Outcome> {
  let started: string | undefined;
  let ignored: Outcome | undefined;
  world.clock.schedule(world.clock.now(), async () => {
    const detected = await detect(document, world.ports);
    if (detected.kind === "ignored") ignored = outcomeOf(detected, failure, "none");
    else started = detected.execution;
  });
  const ended = (): boolean =>
    world.executions.records.some(({ name, status }) => name === started && status !== "running");
  await world.runUntil(() => ignored !== undefined || ended(), WORLD_SECONDS_MAX);
  if (ignored !== undefined) return ignored;
  const record = world.executions.records.find(({ name }) => name === started);
  if (record?.status === "succeeded") return record.result as Outcome;
  throw new InvalidInput(
    "execution",
    `the remediation to end within a day; it is ${record?.status ?? "not there"}: ${record?.failure ?? ""}`,
  );
}

/** The world file that was named, or the one beside the event, or a world made of the event itself. */
async function worldFor(
  failure: PullFailure,
  file: string,
  { world }: ReplayInput,
  io: CommandIo,
): Promise<{ file: WorldFile; from: string }> {
  const beside = file.replace(/\.(?:json|ndjson)$/, ".world.json");
  const path = world ?? (beside === file ? undefined : beside);
  const text = path === undefined ? undefined : await io.readFile(path);
  if (text !== undefined && path !== undefined) {
    const described = readWorldFile(parsed(text, path));
    return {
      file: described,
      from: `the world of ${path}${described.about === undefined ? "" : `: ${described.about}`}`,
    };
  }
  if (world !== undefined) throw new InvalidInput("--world", `a readable file, got ${world}`);
  return { file: worldOf(failure), from: "no world file stands beside the event, so a world was made of it" };
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidInput(path, "a world file in JSON", { cause: error });
  }
}

/** The event's service on the event's images; Docker Hub's quota is gone, ECR Public has the official ones. */
function worldOf(failure: PullFailure): WorldFile {
  const { owner, account, region, taskDefinitionArn, launchType, failures } = failure;
  const named = failures.map(
    ({ name, image, classification }, index) =>
      [name ?? `container-${index + 1}`, image ?? classification.image ?? "nginx"] as const,
  );
  const images = Object.fromEntries(named);
  const references = named
    .map(([, image]) => referenceIn(image))
    .filter((reference) => reference !== undefined);
  const hub = references.filter(({ host }) => isDockerHubFront(host));
  const tagged = (path: string, tag = "latest"): string => `${path}:${tag}`;
  const definition = familyAndRevision(taskDefinitionArn);
  const what = {
    images,
    revision: revisionOf(taskDefinitionArn) ?? 1,
    launchType: launchType === "EC2" ? ("EC2" as const) : ("FARGATE" as const),
  };
  const cluster = failure.clusterArn.slice(failure.clusterArn.lastIndexOf("/") + 1);
  return readWorldFile({
    account,
    region,
    ...(owner.kind === "service"
      ? {
          services: [
            {
              ...what,
              cluster,
              name: owner.service,
              ...(owner.deploymentId === undefined ? {} : { deploymentId: owner.deploymentId }),
            },
          ],
        }
      : { tasks: [{ ...what, cluster, family: definition?.family ?? "task" }] }),
    registries: {
      "docker.io": {
        images: Object.fromEntries(
          hub.map(({ path, tag }) => [tagged(path, tag), { platforms: ["linux/amd64", "linux/arm64"] }]),
        ),
        quota: { remaining: 0 },
      },
      "public.ecr.aws": {
        images: Object.fromEntries(
          hub.flatMap((reference) => {
            const twin = publicTwin(reference);
            const { path, tag } = reference;
            return twin === undefined
              ? []
              : [
                  [
                    tagged(twin.path, twin.tag),
                    { sameAs: canonicalName({ host: "docker.io", path, tag: tag ?? "latest" }) },
                  ],
                ];
          }),
        ),
      },
    },
  });
}
