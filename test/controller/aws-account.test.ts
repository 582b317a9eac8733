/**
 * What the controller makes of an AWS account: its ECR, its cache rules and its nodes' roles, by AWS's own clients over the served
 * sandbox; what is refused, throttled or signed with credentials that have ended; and an account that is not asked at all.
 */

import { afterEach, describe, expect, test } from "vitest";
import {
  environmentWithAws,
  environmentWithoutAws,
} from "../../src/cli/commands/kubernetes/controller-environment.ts";
import { createController } from "../../src/controller/create-controller.ts";
import { type IndexRow, readRows } from "../../src/kubernetes/image-index.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { accountOf } from "../../src/sandbox/endpoint/call.ts";
import { serveEndpoint } from "../../src/sandbox/endpoint/serve-endpoint.ts";
import { createSandboxCluster } from "../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { createWorld } from "../../src/sandbox/world/world.ts";
import { readWorldFile, type WorldFile } from "../../src/sandbox/world/world-file.ts";
import { serveRegistries } from "../support/aws/aws-account.ts";
import { STUB_CREDENTIALS, startAwsStub } from "../support/aws/aws-stub.ts";
import { deployment, node } from "../support/kubernetes/cluster-objects.ts";
import { settle } from "../support/kubernetes/controller-world.ts";
import { readPolicy } from "../support/policy.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const ORIGIN = "docker.io/library/nginx:1.27";
const same = { sameAs: ORIGIN };
const HUB = { "docker.io": { images: { "library/nginx:1.27": {} } } };
const COPY = { images: { "repull/docker.io/library/nginx:1.27": same } };
const CACHED = { images: { "hub/library/nginx:1.27": same } };
const TWIN = { "public.ecr.aws": { images: { "docker/library/nginx:1.27": same } } };
const RULE = [{ prefix: "hub", upstream: "docker.io" }];
const refusal = (action: string, kind: "denied" | "throttled", times?: number) => ({
  refusals: [{ action, kind, ...(times === undefined ? {} : { times }) }],
});

type Given = {
  readonly policy?: object;
  /** Another endpoint than the world's. */
  readonly endpoint?: string;
  readonly images?: readonly string[];
  readonly aws?: boolean;
};

/** A cluster that uses nginx:1.27, in a world's account. */
async function controllerIn(file: Partial<WorldFile>, given: Given = {}) {
  const worldFile = readWorldFile({ time: new Date().toISOString(), ...file });
  const world = await createWorld(worldFile);
  const registries = await serveRegistries(world);
  const calls: string[] = [];
  const endpoint = await serveEndpoint(accountOf(world, worldFile), {
    onCall: ({ service, operation }, status) => void calls.push(`${service}:${operation} ${status}`),
  });
  const stop = new AbortController();
  ends.push(registries.close, endpoint.close, () => stop.abort());
  const { account, region } = world.home;
  const host = `${account}.dkr.ecr.${region}.amazonaws.com`;
  const policy = readPolicy({
    kubernetes: { reachableRegistries: ["public.ecr.aws", host] },
    ...given.policy,
  });
  const io = { env: { REPULL_REGISTRY_ENDPOINTS: registries.endpoints } };
  const at = (url: string) =>
    environmentWithAws(
      () => policy,
      { region, endpoint: url, credentials: STUB_CREDENTIALS, attemptsMax: 2 },
      account,
      { copies: "none", stack: "repull", io, log: silentLog },
    );
  let asked =
    given.aws === false ? environmentWithoutAws(() => policy, io) : await at(given.endpoint ?? endpoint.url);
  const cluster = createSandboxCluster();
  cluster.put("nodes", node("a"));
  for (const name of ["repull", "shop"]) cluster.put("namespaces", { metadata: { name } });
  for (const [at, image] of (given.images ?? ["nginx:1.27"]).entries())
    cluster.put("deployments", deployment(`web-${at}`, image));
  const { view, leader, keeper } = createController(
    {
      cluster,
      clock: systemClock,
      log: silentLog,
      environment: () => asked.environment(),
      publish: async () => {},
    },
    { namespace: "repull", mode: "remediate", policy: () => policy, identity: "one" },
    stop.signal,
  );
  await settle();
  expect(view.missing().size).toBe(0);
  await leader.campaign();
  await keeper.begin();
  return {
    calls,
    host,
    world,
    pass: async (): Promise<IndexRow | undefined> => {
      await keeper.pass();
      return readRows(cluster.all("imageindexes")).get("nginx:1.27");
    },
    /** Asks again, of the account at another endpoint. */
    renewAt: async (url: string) => {
      asked = await at(url);
      keeper.renew("nginx:1.27");
    },
  };
}

const placeOf = (row: IndexRow | undefined, host: string) =>
  row?.use?.replace(host, "ecr").replace(/@sha256:[0-9a-f]{64}$/, "");

describe("an image has a row for", () => {
  // biome-ignore format: a table is read by its columns
  const places: readonly (readonly [what: string, file: Partial<WorldFile>, place: string])[] = [
    ["its copy in ECR",                            { registries: { ...HUB, ...TWIN, ecr: COPY } },                          "ecr/repull/docker.io/library/nginx"],
    ["what a pull-through cache holds",            { registries: { ...HUB, ...TWIN, ecr: CACHED }, pullThrough: RULE },     "ecr/hub/library/nginx"],
    ["its twin at ECR Public",                     { registries: { ...HUB, ...TWIN } },                                     "public.ecr.aws/docker/library/nginx"],
    ["its twin, where the token of ECR is denied", { registries: { ...HUB, ...TWIN, ecr: COPY }, ...refusal("ecr:GetAuthorizationToken", "denied") },                                  "public.ecr.aws/docker/library/nginx"],
    ["its copy, where the rules may not be read",  { registries: { ...HUB, ecr: COPY }, pullThrough: RULE, ...refusal("ecr:DescribePullThroughCacheRules", "denied") },               "ecr/repull/docker.io/library/nginx"],
    ["its copy, after a throttle",                 { registries: { ...HUB, ecr: COPY }, ...refusal("ecr:DescribePullThroughCacheRules", "throttled", 1) },                            "ecr/repull/docker.io/library/nginx"],
  ];
  for (const [what, file, place] of places)
    test(what, async () => {
      const { pass, host } = await controllerIn(file);
      const row = await pass();
      expect(row?.codes).toBeUndefined();
      expect([placeOf(row, host), row?.proof, row?.trusted?.from]).toEqual([place, "same-index", "origin"]);
    });
});

describe("an image has no row with a place", () => {
  // biome-ignore format: a table is read by its columns
  const none: readonly (readonly [when: string, file: Partial<WorldFile>, given: Given, codes: readonly string[]])[] = [
    ["where the cache would have to fetch it",     { registries: HUB, pullThrough: RULE },                                                  {},                                       ["absent", "copy-needed"]],
    ["where the token of ECR is denied",           { registries: { ...HUB, ecr: COPY }, ...refusal("ecr:GetAuthorizationToken", "denied") }, {},                                      ["denied", "absent"]],
    ["where the nodes' role may not pull",         { registries: { ...HUB, ecr: COPY }, roles: { nodes: { denied: ["ecr:BatchGetImage"] } } }, { policy: { kubernetes: { nodeRoles: ["arn:aws:iam::123456789012:role/nodes"] } } }, ["check-failed", "absent"]],
    ["without AWS, though there is a copy",        { registries: { ...HUB, ecr: COPY } },                                                    { aws: false },                          ["absent"]],
  ];
  for (const [when, file, given, codes] of none)
    test(when, async () => {
      const { pass, calls } = await controllerIn(file, given);
      const row = await pass();
      expect([row?.use, row?.codes]).toEqual([undefined, codes]);
      if (given.aws === false) expect(calls).toEqual([]);
      expect(calls.filter((call) => /BatchGetImage|Import|Create|Put/.test(call))).toEqual([]);
    });
});

test("an image is due again where AWS is too busy to say who we are, and has its row in the next round", async () => {
  const { pass, host } = await controllerIn({
    registries: { ...HUB, ecr: COPY },
    ...refusal("ecr:GetAuthorizationToken", "throttled", 2),
  });
  expect(await pass()).toBeUndefined();
  expect(placeOf(await pass(), host)).toBe("ecr/repull/docker.io/library/nginx");
});

describe("credentials that have ended", () => {
  const expired = () =>
    startAwsStub(() => ({
      status: 400,
      body: {
        __type: "ExpiredTokenException",
        message: "The security token included in the request is expired",
      },
    }));

  test("cost the copies in ECR alone: a twin elsewhere has its row", async () => {
    const stub = await expired();
    ends.push(stub.stop);
    const { pass } = await controllerIn(
      { registries: { ...HUB, ...TWIN, ecr: COPY }, pullThrough: RULE },
      { endpoint: stub.url },
    );
    expect((await pass())?.use).toMatch(/^public\.ecr\.aws\/docker\/library\/nginx@sha256:/);
  });

  test("leave an image without a place by a code that passes, and no row that was proved before", async () => {
    const stub = await expired();
    ends.push(stub.stop);
    const file = { registries: { ...HUB, ecr: COPY } };
    const never = await controllerIn(file, { endpoint: stub.url });
    const row = await never.pass();
    expect([row?.use, row?.codes]).toEqual([undefined, ["no-answer", "absent"]]);

    const later = await controllerIn(file);
    const proved = await later.pass();
    expect(placeOf(proved, later.host)).toBe("ecr/repull/docker.io/library/nginx");
    await later.renewAt(stub.url);
    expect(await later.pass()).toEqual(proved);
    expect(stub.requests.length).toBeGreaterThan(0);
  });

  test("are asked for once a round at most, however many images there are", async () => {
    const stub = await expired();
    ends.push(stub.stop);
    const images = Array.from({ length: 20 }, (_, at) => `library/nginx:1.${at}`);
    const { pass } = await controllerIn(
      { registries: { "docker.io": { images: Object.fromEntries(images.map((one) => [one, {}])) } } },
      { endpoint: stub.url, images: images.map((one) => one.replace("library/", "")) },
    );
    await pass();
    const tokens = stub.requests.filter(({ action }) => action === "GetAuthorizationToken");
    expect(tokens.length).toBeLessThan(images.length);
  });
});
