/**
 * A random world: services that share an address and a limit that is gone, in every shape that a
 * task definition may have. What may heal them is decided here too, so that most worlds can be healed.
 */

import type { Random } from "../../../src/sandbox/random.ts";
import type { Policy } from "../../../src/substitution/policy/policy.ts";
import { readPolicy } from "../../support/policy.ts";
import { hubPath, IMAGE_NAMES, swarmImage, WINDOWS_IMAGE } from "./images.ts";
import {
  type Entry,
  HUB_SECRET,
  randomService,
  SECRET,
  sharingService,
  UNKNOWN_MEMBER,
} from "./random-service.ts";
import type { Trait } from "./traits.ts";

export const CLUSTERS = ["prod", "stage", "west"] as const;
const [PROD] = CLUSTERS;
const CROWD = 12;

/** A world file. */
export function randomWorld(
  random: Random,
  traits: ReadonlySet<Trait>,
): { readonly services: readonly Entry[] } & Record<string, unknown> {
  const isCrowd = traits.has("crowd");
  const silent = traits.has("silent-host") ? silence(random.fork("silence")) : {};
  const isWide = "public.ecr.aws" in silent;
  const services = isCrowd
    ? crowdOf(random)
    : servicesOf(random, traits, { isWide, isAlone: "docker.io" in silent });
  const offCluster = traits.has("several-clusters") && random.fork("off").next() < 0.08;
  const isShared = !traits.has("silent-host") && random.next() < 0.015;
  // Where Docker Hub may not be asked, what was copied before is all there is.
  const isCopied = "docker.io" in silent;
  const { hub, ecrPublic, ecr } = imagesOf(random, traits, isCopied);
  return {
    services,
    ...(isCrowd ? {} : loneTasks(random.fork("tasks"))),
    ...(offCluster ? { clusters: { [CLUSTERS[1]]: { tags: { repull: "off" } } } } : {}),
    registries: {
      "docker.io": {
        images: hub,
        quota: { remaining: 0 },
        accounts: { "swarm-account": { password: SECRET, limit: 5, remaining: 0 } },
        ...silent["docker.io"],
      },
      "public.ecr.aws": { images: ecrPublic, ...silent["public.ecr.aws"] },
      ecr: { images: ecr },
    },
    secrets: { [HUB_SECRET]: { username: "swarm-account", password: SECRET } },
    ...(isShared ? { repullAddress: "shared" } : {}),
  };
}

/** Names in clusters: each name in each of them. */
function servicesOf(
  random: Random,
  traits: ReadonlySet<Trait>,
  size: { readonly isWide: boolean; readonly isAlone: boolean },
): readonly Entry[] {
  const isWide = traits.has("several-clusters");
  const isShared = traits.has("shared-family");
  const clusters = isWide ? CLUSTERS.slice(0, random.integer(2, 3)) : [PROD];
  const names = isWide
    ? random.integer(isShared ? 2 : 1, clusters.length === 2 ? 2 : isShared ? 2 : 1)
    : random.integer(2, 4);
  const made: Entry[] = [];
  for (let index = 0; index < names; index += 1) {
    const name = `service-${index + 1}`;
    const family = isShared && index < 2 ? "shop" : name;
    for (const cluster of clusters) {
      const forked = random.fork(`${cluster}/${name}`);
      const twin = made.find((one) => one.family === family);
      // Of one revision most often, or of one family only.
      if (twin !== undefined && forked.next() < 0.7) {
        made.push(sharingService(forked, twin, { cluster, name }));
        continue;
      }
      const isFirst = made.length === 0;
      made.push(
        randomService(forked, {
          cluster,
          name,
          family,
          isWide: isFirst && size.isWide,
          isAlone: size.isAlone,
          isWindows: isFirst && traits.has("windows"),
          behindClassicLoadBalancer: isFirst && traits.has("classic-load-balancer"),
        }),
      );
    }
  }
  return made;
}

/** Twelve services of one revision, whose image exits whatever registry it is from. */
function crowdOf(random: Random): readonly Entry[] {
  const first = randomService(random.fork("crowd"), {
    cluster: PROD,
    name: "service-1",
    family: "shop",
    crashes: true,
  });
  const others = Array.from({ length: CROWD - 1 }, (_, index) =>
    sharingService(random, first, { cluster: PROD, name: `service-${index + 2}` }),
  );
  return [first, ...others];
}

type Images = Record<string, object>;

function imagesOf(
  random: Random,
  traits: ReadonlySet<Trait>,
  isCopied: boolean,
): { readonly hub: Images; readonly ecrPublic: Images; readonly ecr: Images } {
  const hub: Images = {};
  const ecrPublic: Images = {};
  const ecr: Images = { "shop/steady:1": { kilobytes: 1 } };
  const isOlderFirst = random.fork("builds").next() < 0.5;
  const names = traits.has("windows") ? [...IMAGE_NAMES, WINDOWS_IMAGE] : IMAGE_NAMES;
  const crash = traits.has("crowd") ? { exits: 1 } : {};
  for (const image of names) {
    const path = hubPath(image);
    const origin = `docker.io/${path}`;
    const { former, platforms, osVersions } = swarmImage(image);
    const built = {
      kilobytes: 1,
      platforms: [...platforms],
      ...(osVersions === undefined
        ? {}
        : { osVersions: isOlderFirst ? osVersions : osVersions.toReversed() }),
      ...(traits.has("index-without-platforms") && random.fork(image).next() < 0.5
        ? { namesNoPlatforms: true }
        : {}),
    };
    hub[path] = { ...built, ...crash };
    hub[hubPath(former)] = built;
    if (!image.includes("/")) {
      const chance = random.next();
      if (chance < 0.6) ecrPublic[`docker/${path}`] = { sameAs: origin, ...crash };
      // The tag is over there as well, with other bytes.
      else if (chance < 0.85) ecrPublic[`docker/${path}`] = { kilobytes: 1 };
    }
    if (isCopied) ecr[`repull/docker.io/${hubPath(former)}`] = { sameAs: `docker.io/${hubPath(former)}` };
    if (isCopied || random.next() < 0.25)
      ecr[`repull/docker.io/${path}`] =
        isCopied || random.next() < 0.7 ? { sameAs: origin, ...crash } : { kilobytes: 1 };
  }
  return { hub, ecrPublic, ecr };
}

/** Whose packets are dropped: those of all clients on the way to ECR Public, or ours on the way to Docker Hub. */
function silence(random: Random): Readonly<Record<string, object>> {
  return random.pick([
    { "public.ecr.aws": { trouble: "silent" } },
    { "public.ecr.aws": { trouble: "silent", troubleFor: "repull" } },
    { "docker.io": { trouble: "silent", troubleFor: "repull" } },
  ]);
}

/** What no service keeps: a task of a person's, and one of a rule that pins its revision. */
function loneTasks(random: Random): Record<string, unknown> {
  const overrides = {
    containerOverrides: [{ name: "job", environment: [{ name: "TOKEN", value: SECRET }] }],
  };
  const task = (family: string, startedBy: string) => ({
    cluster: PROD,
    family,
    images: { job: random.pick(IMAGE_NAMES) },
    revision: random.integer(1, 9),
    launchType: "EC2",
    startedBy,
    overrides,
  });
  const byHand = random.next() < 0.35 ? [task("by-hand", "ada")] : [];
  const byRule = random.next() < 0.35 ? [task("nightly-job", "events-rule/nightly")] : [];
  return {
    tasks: [...byHand, ...byRule],
    schedules: byRule.map(({ family, revision }) => ({
      kind: "rule",
      name: "nightly",
      cluster: PROD,
      taskDefinition: `${family}:${revision}`,
      target: {
        Input: SECRET,
        MemberOfTomorrow: UNKNOWN_MEMBER,
        EcsParameters: { TaskCount: 2, Later: [1] },
      },
    })),
  };
}

/** A policy of all that needs no account; in some worlds with quotas, and then it takes its time. */
export function randomPolicy(random: Random): Policy {
  const isCapped = random.next() < 0.3;
  const quotas = { remediationsPerHour: random.integer(1, 2), bytesPerDay: "100GB" };
  return readPolicy({
    standaloneTasks: "run",
    schedules: "move-and-run",
    ...(isCapped ? { quotas } : {}),
  });
}
