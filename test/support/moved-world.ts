/** A sandbox in which nginx:1.27 has moved since services were deployed: its old and its new bytes are in ECR. */

import type { ApplyInput } from "../../src/cli/mirrors/apply/apply.ts";
import { apply } from "../../src/cli/mirrors/apply/apply.ts";
import { type ApplyLine, applySchema } from "../../src/cli/mirrors/apply/apply-line.ts";
import type { ApplySession } from "../../src/cli/mirrors/apply/apply-session.ts";
import { primaryDeployment } from "../../src/ecs/service/service.ts";
import { containersOf, reviseTaskDefinition } from "../../src/ecs/task-definition/task-definition.ts";
import type { Digest } from "../../src/image/digest.ts";
import { ecrHost } from "../../src/image/ecr-hosts.ts";
import type { KillSwitch } from "../../src/remediation/gates/kill-switch.ts";
import type { World } from "../../src/sandbox/world/world.ts";
import { commandIo, objectsIn } from "./command-io.ts";
import { imageStoreOf } from "./image-store.ts";
import type { SaidPolicy } from "./policy.ts";
import { inWorld, sandboxHands } from "./sandbox-session.ts";

export const NGINX = "docker.io/library/nginx:1.27";
const REPOSITORY = "repull/docker.io/library/nginx";
const HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
export const COPIES = `${HOST}/${REPOSITORY}`;

export type MovedWorld = {
  readonly world: World;
  readonly session: ApplySession;
  readonly old: Digest;
  readonly new: Digest;
  /** Points the tag at another image of the repository. */
  move(to: string, tag?: string): Digest;
  /** Another caller's deployment: of a revision that is the same, or of a former one; it is given so many seconds. */
  deployAgain(revision?: string, seconds?: number): Promise<void>;
  /** @param by in another session than the world's own */
  apply(input?: Partial<ApplyInput>, by?: ApplySession): Promise<Applied>;
  /** What the service's primary deployment runs: container → digest of its running tasks. */
  running(service?: string): Promise<Readonly<Record<string, readonly string[]>>>;
  /** The images that the service's task definition names. */
  written(service?: string): Promise<Readonly<Record<string, string>>>;
  revision(service?: string): Promise<string>;
};

export type Applied = {
  readonly status: number;
  readonly line: ApplyLine;
  readonly outcomes: readonly Record<string, unknown>[];
  readonly err: string;
};

const service = {
  cluster: "prod",
  name: "web",
  image: "nginx:1.27",
  revision: 41,
  desiredCount: 2,
  settled: true,
};

export type Said = {
  readonly services?: readonly object[];
  /** Of the new bytes' copy; null: there is none. */
  readonly copy?: object | null;
  readonly images?: Readonly<Record<string, object>>;
  /** More copies: the tag that was copied → the image whose bytes it named then. */
  readonly copied?: Readonly<Record<string, string>>;
  readonly policy?: SaidPolicy;
  readonly killSwitch?: KillSwitch;
  readonly more?: object;
};

export async function movedWorld(said: Said = {}): Promise<MovedWorld> {
  const { services = [{}], copy = {}, images = {}, copied: tags = {}, policy, killSwitch, more } = said;
  const copied = (daysAgo: number) => ({ copied: { daysAgo } });
  const file = {
    services: services.map((one) => ({ ...service, ...one })),
    registries: {
      "docker.io": {
        images: {
          "library/nginx:1.27": {},
          "library/nginx:next": {},
          "library/nginx:later": {},
          "library/nginx:1.27-was": { sameAs: NGINX },
          ...images,
        },
      },
      ecr: {
        images: {
          [`${REPOSITORY}:1.27`]: { sameAs: NGINX, ...copied(30) },
          ...Object.fromEntries(
            Object.entries(tags).map(([tag, sameAs]) => [`${REPOSITORY}:${tag}`, { sameAs, ...copied(30) }]),
          ),
          ...(copy === null
            ? {}
            : { [`${REPOSITORY}:next`]: { sameAs: "docker.io/library/nginx:next", ...copied(1), ...copy } }),
        },
      },
    },
    ...more,
  };
  const { world, hands } = await sandboxHands(file, {
    ...(policy === undefined ? {} : { policy }),
    ...(killSwitch === undefined ? {} : { killSwitch }),
  });
  const session = { ...hands, store: imageStoreOf(world) };
  const hub = world.registries.dockerHub;
  const old = hub.tags("library/nginx")["1.27"];
  if (old === undefined || ecrHost(world.home.account, world.home.region) !== HOST)
    throw new Error("the world is another");
  const { ecs } = world.ports;
  const found = async (name: string) => {
    const one = await ecs.describeService("prod", name);
    if (one === undefined) throw new Error(`no ${name}`);
    return one;
  };
  const again = async () => {
    const described = await ecs.describeTaskDefinition((await found("web")).taskDefinition);
    if (described === undefined) throw new Error("no revision");
    return await ecs.registerTaskDefinition(
      reviseTaskDefinition(described, { images: new Map(), provenance: [] }),
    );
  };
  const moved: MovedWorld = {
    world,
    session,
    old,
    new: old,
    move(to, tag = "1.27") {
      const manifest = hub.manifest("library/nginx", to);
      if (manifest === undefined) throw new Error(`no nginx:${to}`);
      return hub.putManifest("library/nginx", manifest.bytes, manifest.mediaType, tag);
    },
    async deployAgain(revision, seconds = 600) {
      await ecs.updateService("prod", "web", revision ?? (await again()));
      if (seconds > 0) await world.run(seconds);
    },
    async apply(input = {}, by = session) {
      const io = commandIo();
      const all = { yes: false, json: true, settle: true, images: [], services: [], ...input };
      const status = await inWorld(world, () => apply(all, by, io));
      const [line, ...outcomes] = objectsIn(io.printed.out);
      return { status, line: applySchema.parse(line), outcomes, err: io.printed.err };
    },
    async running(name = "web") {
      const { taskDefinition } = await found(name);
      const tasks = await ecs.listTasks({ cluster: "prod", service: name, desiredStatus: "RUNNING" });
      const digests: Record<string, string[]> = {};
      for (const task of tasks.filter((one) => one.taskDefinitionArn === taskDefinition))
        for (const { name: container, imageDigest = "" } of task.containers)
          digests[container] = [...new Set([...(digests[container] ?? []), imageDigest])];
      return digests;
    },
    async written(name = "web") {
      const described = await ecs.describeTaskDefinition((await found(name)).taskDefinition);
      const containers = containersOf(described?.taskDefinition ?? {});
      return Object.fromEntries(containers.map((one) => [one.name, one.image ?? ""]));
    },
    async revision(name = "web") {
      const one = await found(name);
      return primaryDeployment(one)?.taskDefinition ?? one.taskDefinition;
    },
  };
  await world.run(120);
  return { ...moved, new: moved.move("next") };
}
