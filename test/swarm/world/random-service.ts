/** A service of a world in any shape that people give it, and the task definition that goes with it. */

import type { Random } from "../../../src/sandbox/random.ts";
import { IMAGE_NAMES, OFFICIAL_NAMES, swarmImage, WINDOWS_IMAGE } from "./images.ts";

/** Planted where a product must never repeat it: environment, overrides, passwords. */
export const SECRET = "hush-4f1d9c7e2b";
/** Members that no version of any SDK knows. */
export const UNKNOWN_MEMBER = { depth: [1, { "a b": null, on: false }], text: "kept?" };
export const HUB_SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-AbCdEf";
const ROLE = "arn:aws:iam::123456789012:role/tasks-execution";

/** How deployments go; most roll. */
const STRATEGIES = [
  {},
  {},
  {},
  { alarms: { names: ["5xx"], rollback: true }, bakeTimeMinutes: 5 },
  { strategy: { kind: "BLUE_GREEN" }, bakeTimeMinutes: 10 },
  { strategy: { kind: "CANARY", stepMinutes: 10 }, bakeTimeMinutes: 5 },
  {
    strategy: { kind: "LINEAR", stepPercent: 50, stepMinutes: 5 },
    hooks: [{ name: "smoke-test", stage: "POST_SCALE_UP", ends: "succeeds", takesSeconds: 60 }],
  },
] as const;

export type Entry = { readonly cluster: string; readonly name: string; readonly family: string } & Readonly<
  Record<string, unknown>
>;

/** What is decided for a service before its own seed has a word. */
export type Place = {
  readonly cluster: string;
  readonly name: string;
  readonly family: string;
  readonly isWindows?: boolean;
  readonly behindClassicLoadBalancer?: boolean;
  /** Its task has a container of each official image: a survey of all of them takes long. */
  readonly isWide?: boolean;
  /** One container: a digest that ECS has not pinned is known to no one. */
  readonly isAlone?: boolean;
  /** It only ever crashes. */
  readonly crashes?: boolean;
};

/** A service with a revision of its own. */
export function randomService(random: Random, place: Place): Entry {
  const { cluster, name, family, isWindows = false, behindClassicLoadBalancer = false, crashes } = place;
  const isWide = place.isWide === true && !isWindows && crashes !== true;
  const image = isWindows ? WINDOWS_IMAGE : random.pick(IMAGE_NAMES);
  const launchType = isWindows || random.next() < 0.7 ? "FARGATE" : "EC2";
  const signsIn = !isWindows && random.next() < 0.15;
  const sidecar = !isWindows && place.isAlone !== true && crashes !== true && random.next() < 0.25;
  const wide = Object.fromEntries(OFFICIAL_NAMES.map((one, index) => [`sidecar-${index}`, one]));
  const images = {
    web: image,
    ...(sidecar ? { sidecar: random.pick(IMAGE_NAMES) } : {}),
    ...(isWide ? wide : {}),
  };
  const isOff = random.next() < 0.04;
  const isForeign = !behindClassicLoadBalancer && crashes !== true && random.next() < 0.05;
  const arm = !isWindows && random.next() < 0.2;
  const executionRole = signsIn || random.next() < 0.98;
  const isFull = random.fork("tags").next() < 0.04;
  const hasFormer = random.next() < 0.6 || isForeign;
  const strategy = isForeign
    ? { controller: "CODE_DEPLOY" }
    : behindClassicLoadBalancer
      ? {}
      : random.pick(STRATEGIES);
  return {
    cluster,
    name,
    family,
    image,
    launchType,
    desiredCount: crashes === true ? 1 : random.integer(1, 3),
    revision: random.integer(1, 60),
    taskDefinition: taskDefinition(family, images, {
      launchType,
      signsIn,
      executionRole,
      isFull,
      platform: isWindows
        ? `WINDOWS_SERVER_${random.pick(["2019", "2022"])}_CORE X86_64`
        : arm
          ? "LINUX ARM64"
          : undefined,
    }),
    ...(hasFormer ? { formerly: { web: swarmImage(image).former } } : {}),
    circuitBreaker: behindClassicLoadBalancer
      ? "off"
      : random.pick(["off", "off", "on", "rollback", "rollback"]),
    minimumHealthyPercent: random.pick([100, 100, 50]),
    ...(random.next() < 0.1 ? { healthCheckGracePeriodSeconds: 120 } : {}),
    ...strategy,
    ...(behindClassicLoadBalancer ? { behindClassicLoadBalancer } : {}),
    ...(isOff ? { tags: { repull: "off" } } : { tags: { team: "shop" } }),
  };
}

/** The same revision in another place: only how the service is run is its own. */
export function sharingService(random: Random, of: Entry, place: Pick<Place, "cluster" | "name">): Entry {
  const { taskDefinition: _, image: _image, revision: _revision, ...same } = of;
  return {
    ...same,
    ...place,
    desiredCount: of.desiredCount === 1 ? 1 : random.integer(1, 3),
    sharesRevisionWith: `${of.cluster}/${of.name}`,
  };
}

function taskDefinition(
  family: string,
  images: Readonly<Record<string, string>>,
  settings: {
    readonly launchType: string;
    readonly signsIn: boolean;
    readonly executionRole: boolean;
    readonly isFull: boolean;
    readonly platform: string | undefined;
  },
): Record<string, unknown> {
  const { launchType, signsIn, executionRole, isFull, platform } = settings;
  const [operatingSystemFamily, cpuArchitecture] = platform?.split(" ") ?? [];
  return {
    family,
    networkMode: launchType === "FARGATE" ? "awsvpc" : "bridge",
    requiresCompatibilities: [launchType],
    cpu: "256",
    memory: "512",
    ...(executionRole ? { executionRoleArn: ROLE } : {}),
    ...(platform === undefined ? {} : { runtimePlatform: { cpuArchitecture, operatingSystemFamily } }),
    tags: Array.from({ length: isFull ? 48 : 1 }, (_, index) => ({ key: `team-${index}`, value: "shop" })),
    memberOfTomorrow: UNKNOWN_MEMBER,
    volumes: [{ name: "scratch", host: {}, kindOfTomorrow: UNKNOWN_MEMBER }],
    containerDefinitions: Object.entries(images).map(([name, image]) => ({
      name,
      image,
      essential: true,
      environment: [{ name: "TOKEN", value: SECRET }],
      secrets: [{ name: "KEY", valueFrom: "arn:aws:ssm:us-east-1:123456789012:parameter/key" }],
      memberOfTomorrow: UNKNOWN_MEMBER,
      logConfiguration: { logDriver: "awslogs", options: { "awslogs-group": `/${family}`, x: "y" } },
      ...(signsIn ? { repositoryCredentials: { credentialsParameter: HUB_SECRET } } : {}),
    })),
  };
}
