/**
 * A world that nobody thought of: services that share an address and a limit that is gone, in every shape that a
 * task definition may have. What may heal them is decided here too, so that most worlds can be healed.
 */

import type { Random } from "../../src/runtime/random.ts";
import { type Policy, readPolicy } from "../../src/substitution/policy.ts";

/** Planted where a product must never repeat it: environment, overrides, passwords. */
export const SECRET = "hush-4f1d9c7e2b";

/** Members that no version of any SDK knows. */
const UNKNOWN_MEMBER = { depth: [1, { "a b": null, on: false }], text: "kept?" };

/** What people run: on Docker Hub all of them, on ECR Public the official ones. */
export const IMAGES = [
  "nginx:1.25",
  "redis:7",
  "grafana/grafana:11",
  "acme/api:2",
  "prom/prometheus:v3",
] as const;
/** What they ran before. */
const FORMER: Readonly<Record<string, string>> = {
  "nginx:1.25": "nginx:1.24",
  "redis:7": "redis:6",
  "grafana/grafana:11": "grafana/grafana:10",
  "acme/api:2": "acme/api:1",
  "prom/prometheus:v3": "prom/prometheus:v2",
};

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

export const CLUSTER = "prod";
const ROLE = "arn:aws:iam::123456789012:role/tasks-execution";
const HUB_SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-AbCdEf";

/** `library/nginx:1.25`: as a registry names it. */
export function hubPath(image: string): string {
  return image.includes("/") ? image : `library/${image}`;
}

type Entry = { readonly name: string; readonly image: string } & Readonly<Record<string, unknown>>;

/** A world file. */
export function randomWorld(
  random: Random,
): { readonly services: readonly Entry[] } & Record<string, unknown> {
  const services = Array.from({ length: random.integer(2, 4) }, (_, index) => service(random, index));
  const hub: Record<string, object> = {};
  const ecrPublic: Record<string, object> = {};
  const ecr: Record<string, object> = {};
  for (const image of IMAGES) {
    const path = hubPath(image);
    const origin = `docker.io/${path}`;
    hub[path] = { kilobytes: 1 };
    hub[hubPath(FORMER[image] ?? image)] = { kilobytes: 1 };
    if (!image.includes("/")) {
      const chance = random.next();
      if (chance < 0.6) ecrPublic[`docker/${path}`] = { sameAs: origin };
      // The tag stands over there as well, over other bytes.
      else if (chance < 0.85) ecrPublic[`docker/${path}`] = { kilobytes: 1 };
    }
    if (random.next() < 0.25) {
      const tag = path.replace(/:/, ":");
      ecr[`repull/docker.io/${tag}`] = random.next() < 0.7 ? { sameAs: origin } : { kilobytes: 1 };
    }
  }
  ecr["shop/steady:1"] = { kilobytes: 1 };
  const isShared = random.next() < 0.03;
  return {
    services,
    ...loneTasks(random.fork("tasks")),
    registries: {
      "docker.io": {
        images: hub,
        quota: { remaining: 0 },
        accounts: { "swarm-account": { password: SECRET, limit: 5, remaining: 0 } },
      },
      "public.ecr.aws": { images: ecrPublic },
      ecr: { images: ecr },
    },
    secrets: { [HUB_SECRET]: { username: "swarm-account", password: SECRET } },
    ...(isShared ? { repullAddress: "shared" } : {}),
  };
}

/** What no service keeps: a task of a person's, and one of a rule that pins its revision. */
function loneTasks(random: Random): Record<string, unknown> {
  const overrides = {
    containerOverrides: [{ name: "job", environment: [{ name: "TOKEN", value: SECRET }] }],
  };
  const task = (family: string, startedBy: string) => ({
    cluster: CLUSTER,
    family,
    images: { job: random.pick(IMAGES) },
    revision: random.integer(1, 9),
    launchType: "EC2",
    startedBy,
    overrides,
  });
  const byHand = random.next() < 0.25 ? [task("by-hand", "ada")] : [];
  const byRule = random.next() < 0.25 ? [task("nightly-job", "events-rule/nightly")] : [];
  return {
    tasks: [...byHand, ...byRule],
    schedules: byRule.map(({ family, revision }) => ({
      kind: "rule",
      name: "nightly",
      cluster: CLUSTER,
      taskDefinition: `${family}:${revision}`,
      target: {
        Input: SECRET,
        MemberOfTomorrow: UNKNOWN_MEMBER,
        EcsParameters: { TaskCount: 2, Later: [1] },
      },
    })),
  };
}

/** All that an owner may allow where nobody's account is needed; in some worlds only so often, and then it takes its time. */
export function randomPolicy(random: Random): Policy {
  const isCapped = random.next() < 0.3;
  const caps = {
    remediationsPerHour: random.integer(1, 2),
    bytesPerDay: "100GB",
  };
  return readPolicy({
    standaloneTasks: "run",
    schedules: "move-and-run",
    ...(isCapped ? { caps } : {}),
  });
}

function service(random: Random, index: number): Entry {
  const image = random.pick(IMAGES);
  const name = `service-${index + 1}`;
  const launchType = random.next() < 0.7 ? "FARGATE" : "EC2";
  const signsIn = random.next() < 0.15;
  const images = random.next() < 0.25 ? { web: image, sidecar: random.pick(IMAGES) } : { web: image };
  const isOff = random.next() < 0.04;
  const isForeign = random.next() < 0.06;
  const arm = random.next() < 0.2;
  const executionRole = signsIn || random.next() < 0.98;
  const isFull = random.fork(`tags ${index}`).next() < 0.04;
  return {
    cluster: CLUSTER,
    name,
    image,
    launchType,
    desiredCount: random.integer(1, 3),
    revision: random.integer(1, 60),
    taskDefinition: taskDefinition(name, images, { launchType, signsIn, arm, executionRole, isFull }),
    // CodeDeploy begins with what is there.
    ...(random.next() < 0.6 || isForeign ? { formerly: { web: FORMER[image] ?? image } } : {}),
    circuitBreaker: random.pick(["off", "off", "on", "rollback", "rollback"]),
    minimumHealthyPercent: random.pick([100, 100, 50]),
    ...(random.next() < 0.1 ? { healthCheckGracePeriodSeconds: 120 } : {}),
    ...(isForeign ? { controller: "CODE_DEPLOY" } : random.pick(STRATEGIES)),
    ...(isOff ? { tags: { repull: "off" } } : { tags: { team: "shop" } }),
  };
}

function taskDefinition(
  family: string,
  images: Readonly<Record<string, string>>,
  {
    launchType,
    signsIn,
    arm,
    executionRole,
    isFull,
  }: { launchType: string; signsIn: boolean; arm: boolean; executionRole: boolean; isFull: boolean },
): Record<string, unknown> {
  return {
    family,
    networkMode: launchType === "FARGATE" ? "awsvpc" : "bridge",
    requiresCompatibilities: [launchType],
    cpu: "256",
    memory: "512",
    ...(executionRole ? { executionRoleArn: ROLE } : {}),
    ...(arm ? { runtimePlatform: { cpuArchitecture: "ARM64", operatingSystemFamily: "LINUX" } } : {}),
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
