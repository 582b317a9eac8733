/** Registries that drop packets, and an AWS that does not answer: a survey ends within a minute, and knows what it could. */

import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readEvent } from "../../../../src/ecs-events/read-event.ts";
import { parseReference } from "../../../../src/image/reference.ts";
import { createRegistries } from "../../../../src/oci/client/registries.ts";
import { httpTransport } from "../../../../src/oci/http/http-transport.ts";
import { AwsError } from "../../../../src/remediation/ports/aws-error.ts";
import type { Ports } from "../../../../src/remediation/ports/ports.ts";
import { SURVEY_LIMITS, withTimeLimits } from "../../../../src/remediation/survey/probe/time-limits.ts";
import { survey } from "../../../../src/remediation/survey/survey.ts";
import type { SurveyResult } from "../../../../src/remediation/survey/types.ts";
import { systemClock } from "../../../../src/runtime/clock.ts";
import { createWorld, type World } from "../../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../../src/sandbox/world/world-file.ts";
import { DEFAULT_POLICY } from "../../../../src/substitution/policy/policy.ts";
import { readPolicy, type SaidPolicy } from "../../../support/policy.ts";
import { firstFailure, play } from "../../../support/scenario.ts";

const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const silent = { trouble: "silent", troubleFor: "repull" } as const;
const IMAGES = ["nginx:1", "redis:7", "postgres:16", "httpd:2", "memcached:1", "rabbitmq:3", "mongo:7"];
const hub = Object.fromEntries(IMAGES.map((image) => [`library/${image}`, {}]));
const twins = Object.fromEntries(
  IMAGES.map((image) => [`docker/library/${image}`, { sameAs: `docker.io/library/${image}` }]),
);
const copies = Object.fromEntries(
  IMAGES.map((image) => [`repull/docker.io/library/${image}`, { sameAs: `docker.io/library/${image}` }]),
);

const DEAD = Array.from({ length: 40 }, (_, index) => `r${index}.example`);

type Given = {
  readonly hosts?: readonly string[];
  readonly images?: number;
  readonly hasAccount?: boolean;
  readonly policy?: SaidPolicy;
};

/** A service whose images are pinned, so that what was meant is known, whatever is silent. */
async function worldOf({ hosts = [], images = 1, hasAccount = false }: Given): Promise<World> {
  const trouble = (host: string): object => (hosts.includes(host) ? silent : {});
  const registries = {
    "docker.io": {
      images: hub,
      quota: { remaining: 0 },
      ...(hasAccount ? { accounts: { shop: { password: "x" } }, repullSignsInAs: "shop" } : {}),
      ...trouble("docker.io"),
    },
    "public.ecr.aws": { images: twins, ...trouble("public.ecr.aws") },
    ecr: { images: copies, ...trouble("ecr") },
    ...Object.fromEntries(hosts.filter((host) => host.endsWith(".example")).map((host) => [host, silent])),
  };
  const digests = (await createWorld(readWorldFile({ registries: { "docker.io": { images: hub } } })))
    .registries.dockerHub;
  const pinned = IMAGES.slice(0, images).map((image) => {
    const [name = "", tag = ""] = image.split(":");
    return [name, `${image}@${digests.tags(`library/${name}`)[tag]}`];
  });
  return await createWorld(
    readWorldFile({
      services: [{ cluster: "prod", name: "web", images: Object.fromEntries(pinned), desiredCount: 1 }],
      registries,
    }),
    { allowed: [...DEFAULT_POLICY.registries.allowed, ...DEAD] },
  );
}

/** One survey in its world: what it ended with, and how many seconds it took. */
async function surveyed(
  world: World,
  { policy = {}, ports = world.ports }: { policy?: SaidPolicy; ports?: Ports } = {},
): Promise<{ result?: SurveyResult; error?: unknown; seconds: number }> {
  const failure = readEvent(await firstFailure(world), world.home);
  if (failure.kind !== "pull-failure") throw new Error(failure.because);
  const begins = world.clock.now();
  let ended: { result?: SurveyResult; error?: unknown } | undefined;
  let endedAt = begins;
  world.clock.schedule(begins, async () => {
    const request = {
      failure,
      policy: readPolicy({ ...policy }),
      execution: "r-1",
      failedPlaces: [],
    };
    ended = await survey(request, ports).then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    endedAt = world.clock.now();
  });
  await world.runUntil(() => ended !== undefined, 24 * 3600);
  return { ...ended, seconds: (endedAt - begins) / 1000 };
}

/** What each host said of the images, in a word or a code: `docker.io: no-answer`. */
function heard(result: SurveyResult | undefined): readonly string[] {
  if (result?.kind !== "survey") throw new Error(`no survey: ${result?.kind}`);
  const said = result.images.flatMap(({ probedCandidates }) =>
    probedCandidates.map(({ candidate, seen }) => {
      const host = parseReference(candidate.source ?? candidate.image).host.replace(ECR, "ecr");
      return `${host}: ${"code" in seen && seen.code !== undefined ? seen.code : seen.kind}`;
    }),
  );
  return [...new Set(said)].toSorted();
}

const imageMappings = DEAD.map((host) => ({
  image: "*",
  use: `${host}/{path}:{tag}`,
  allowDifferentContent: false,
}));

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [because: string, given: Given, heard: readonly string[], secondsMax: number])[] = [
  ["no host is silent",                       {},                                                               ["docker.io: found", "ecr: found", "public.ecr.aws: found"],       1],
  ["Docker Hub is silent",                    { hosts: ["docker.io"] },                                         ["docker.io: no-answer", "ecr: found", "public.ecr.aws: found"],          6],
  ["the same with seven images",              { hosts: ["docker.io"], images: 7 },                              ["docker.io: no-answer", "ecr: found", "public.ecr.aws: found"],          6],
  ["the same with an account",                { hosts: ["docker.io"], images: 7, hasAccount: true },            ["docker.io: no-answer", "ecr: found", "public.ecr.aws: found"],          6],
  ["ECR Public is silent too",                { hosts: ["docker.io", "public.ecr.aws"], images: 7 },            ["docker.io: no-answer", "ecr: found", "public.ecr.aws: no-answer"],      12],
  ["our own ECR is silent",                   { hosts: ["ecr"], images: 3 },                                    ["docker.io: found", "ecr: no-answer", "public.ecr.aws: found"],   6],
  ["every host is silent",                    { hosts: ["ecr", "docker.io", "public.ecr.aws"], images: 7 },     ["docker.io: no-answer", "ecr: no-answer", "public.ecr.aws: no-answer"],  20],
];

describe("a survey whose hosts drop packets", () => {
  for (const [because, given, expected, secondsMax] of table) {
    test(`hears each host that answers, within ${secondsMax} s, where ${because}`, async () => {
      const world = await worldOf(given);
      const { result, seconds } = await surveyed(world, given);
      expect(heard(result)).toEqual(expected);
      expect(seconds).toBeLessThanOrEqual(secondsMax);
    });
  }

  test("asks the copies in ECR of every image, where forty other registries are silent", async () => {
    const world = await worldOf({ hosts: ["docker.io", ...DEAD], images: 7 });
    const { result, seconds } = await surveyed(world, {
      policy: {
        imageMappings,
        strategies: ["ecr-public", "ecr-copy", "mirror"],
        registries: { ...DEFAULT_POLICY.registries, allowed: ["well-known", ...DEAD] },
      },
    });
    expect(seconds).toBeLessThanOrEqual(SURVEY_LIMITS.all);
    if (result?.kind !== "survey") throw new Error("no survey");
    const found = result.images.map(({ probedCandidates }) =>
      probedCandidates.some(
        ({ candidate, seen }) => candidate.strategy === "ecr-copy" && seen.kind === "found",
      ),
    );
    expect(found).toEqual(IMAGES.map(() => true));
    expect(heard(result)).toContain("r0.example: no-answer");
  });

  test("heals from the copy in ECR, where no other host answers", async () => {
    const world = await worldOf({});
    const { outcome } = await play({
      world: {
        services: [{ cluster: "prod", name: "web", image: pinnedImage(world), desiredCount: 1 }],
        registries: {
          "docker.io": { images: hub, quota: { remaining: 0 }, ...silent },
          "public.ecr.aws": { images: twins, ...silent },
          ecr: { images: copies },
        },
      },
    });
    expect(outcome).toMatchObject({ outcome: "succeeded", images: [{ strategy: "ecr-copy" }] });
  });
});

function pinnedImage(world: World): string {
  return `nginx:1@${world.registries.dockerHub.tags("library/nginx")["1"]}`;
}

const never = (): Promise<never> => new Promise(() => {});

// biome-ignore format: a table is read by its columns
const reads: readonly (readonly [because: string, change: (ports: Ports) => Partial<Ports>, ended: string])[] = [
  ["the task is not described",        ({ ecs }) => ({ ecs: { ...ecs, describeTask: never } }),                              "ecs:DescribeTasks unavailable"],
  ["the service is not described",     ({ ecs }) => ({ ecs: { ...ecs, describeService: never } }),                           "ecs:DescribeServices unavailable"],
  ["the revisions are not listed",     ({ ecs }) => ({ ecs: { ...ecs, newestRevisions: never } }),                           "ecs:ListTaskDefinitions unavailable"],
  ["IAM does not answer",              () => ({ roles: { simulate: never, ofInstanceProfile: never, keyOfSecret: never } }),                                                  "ecr-copy"],
  ["EC2 does not answer",              () => ({ networks: { describe: never, egress: never, instances: never } }),                                            "ecr-copy"],
  ["ECR does not list its rules",      ({ ecr }) => ({ ecr: { ...ecr, pullThroughRules: never } }),                          "ecr-copy"],
];

describe("a survey whose AWS does not answer", () => {
  for (const [because, change, expected] of reads) {
    test(`ends within a minute, where ${because}: ${expected}`, async () => {
      const world = await worldOf({});
      const ports = { ...world.ports, ...change(world.ports) };
      const { result, error, seconds } = await surveyed(world, { ports });
      expect(seconds).toBeLessThanOrEqual(SURVEY_LIMITS.all);
      const found =
        result?.kind === "survey"
          ? result.images[0]?.probedCandidates.find(({ seen }) => seen.kind === "found")?.candidate.strategy
          : undefined;
      const said = error instanceof AwsError ? `${error.action} ${error.kind}` : found;
      expect(said).toBe(expected);
    });
  }
});

describe("a server that takes connections and never answers", () => {
  let server: Server;
  let connections = 0;
  beforeAll(async () => {
    server = createServer(() => {
      connections += 1;
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => void server.close());

  test("is given up after the time of one question, and not asked again", async () => {
    const { port } = server.address() as { port: number };
    const send = httpTransport();
    const endpoints = new Map([["docker.io", `http://127.0.0.1:${port}`]]);
    const registries = createRegistries({ send, clock: systemClock, endpoints });
    const { ports } = await createWorld({});
    const timed = withTimeLimits(
      { ...ports, clock: systemClock, registries },
      { ...SURVEY_LIMITS, head: 0.1, get: 0.1 },
    );
    const begins = performance.now();
    for (const image of ["nginx:1", "redis:7", "postgres:16"])
      await expect(timed.registries.headManifest(parseReference(image))).rejects.toMatchObject({
        kind: "unavailable",
        unanswered: "no-answer",
      });
    await expect(timed.registries.getManifest(parseReference("nginx:1"))).rejects.toMatchObject({
      unanswered: "no-answer",
    });
    expect(performance.now() - begins).toBeLessThan(1000);
    expect(connections).toBe(1);
    send.close();
  });
});
