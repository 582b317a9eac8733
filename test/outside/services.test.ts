/**
 * Which service `repull replay --aws` touches, and when none, against an Amazon ECS that the product has never seen.
 */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { networkWith, type Override, PAGE, refusal, UNKNOWN_OPERATION } from "./account.ts";
import {
  arn,
  type Document,
  type Documents,
  eventOf,
  failingService,
  refusedByDockerHub,
  secondsAgo,
} from "./documents.ts";
import { FLAGS, only, runIn, startWorld, stopWorld, type World } from "./world.ts";

const NO_WAY_OUT =
  "<item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state></item>";
const THROTTLED = refusal("ThrottlingException", "Rate exceeded");

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => stopWorld(world));

function primaryOf({ account: { documents } }: World): Document {
  return only(only(documents.services).deployments as Document[]);
}

/** Behind a Classic Load Balancer ECS reports no rollout state: API_Deployment, rolloutState (read 2026-11). */
function behindClassicLoadBalancer(world: World): void {
  only(world.account.documents.services).loadBalancers = [
    { loadBalancerName: "web-lb", containerName: "web", containerPort: 80 },
  ];
  const primary = primaryOf(world);
  delete primary.rolloutState;
  delete primary.rolloutStateReason;
}

function runWhole(world: World): void {
  Object.assign(only(world.account.documents.services), { runningCount: 1, pendingCount: 0 });
  Object.assign(primaryOf(world), { runningCount: 1, pendingCount: 0, failedTasks: 0 });
}

function answering(answers: Readonly<Record<string, ReturnType<Override>>>): (world: World) => void {
  return ({ account }) => {
    account.override = ({ action }) => answers[action];
  };
}

/** Throttles the first call of each action. */
function throttleOnce({ account }: World): void {
  const seen = new Set<string>();
  account.override = ({ service, action }) => {
    if (service !== "ecs" || seen.has(action)) return undefined;
    seen.add(action);
    return THROTTLED;
  };
}

/** A substitute of ours that was deployed so long ago; the service is back on what it replaced. */
function addSubstitute({ account: { documents }, deployed }: World, minutesAgo: number): void {
  const made = arn("task-definition/web:43");
  const revision = arn("service-revision/prod/web/2222222222222222222");
  const at = secondsAgo(minutesAgo);
  documents.definitions.push({
    taskDefinition: {
      ...documents.definitions[0]?.taskDefinition,
      taskDefinitionArn: made,
      revision: 43,
      registeredAt: at,
    },
    tags: [
      { key: "repull:execution", value: "r-00000000000000000000000000000000" },
      { key: "repull:previous-revision", value: "web:42" },
      { key: "repull:service", value: "prod/web" },
      { key: "repull:image-1", value: `nginx:1.25 ${deployed.index} ${deployed.index}` },
    ],
  });
  documents.serviceRevisions.push({
    ...documents.serviceRevisions[0],
    serviceRevisionArn: revision,
    taskDefinition: made,
    createdAt: at,
  });
  documents.serviceDeployments.push({
    ...documents.serviceDeployments[0],
    serviceDeploymentArn: arn("service-deployment/prod/web/substitute"),
    createdAt: at,
    status: "SUCCESSFUL",
    targetServiceRevision: { arn: revision },
  });
}

describe("repull replay --aws --yes redeploys the service", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, (world: World) => void])[] = [
    ["it is behind a Classic Load Balancer, and its task fails",           behindClassicLoadBalancer],
    ["its subnets show no way out, though Docker Hub itself has answered", ({ account }) => { account.override = networkWith(NO_WAY_OUT); }],
    ["the endpoint knows ECS alone, and answers the rest with HTML",       answering({ GetCallerIdentity: PAGE, PutEvents: PAGE, DescribePullThroughCacheRules: PAGE })],
    ["the endpoint knows ECS alone, and names the rest unknown",           (world) => { world.account.unknown = UNKNOWN_OPERATION; answering({ GetCallerIdentity: UNKNOWN_OPERATION, PutEvents: UNKNOWN_OPERATION })(world); }],
    ["ECS throttles the first call of each kind",                          throttleOnce],
    ["the bus refuses the outcome",                                        answering({ PutEvents: refusal("AccessDeniedException") })],
    ["the deployment has ended, and a later task of it fails",             (world) => { primaryOf(world).rolloutState = "COMPLETED"; }],
  ];
  for (const [when, arrange] of table) {
    it(`when ${when}`, async () => {
      arrange(world);
      const { lines, status, images, redeployed } = await runIn(world);
      expect(lines).toMatchObject([{ outcome: "redeployed" }]);
      expect(images).toEqual([`public.ecr.aws/docker/library/nginx@${world.deployed.index}`]);
      expect({ status, redeployed }).toEqual({ status: 0, redeployed: [arn("task-definition/web:43")] });
    });
  }

  it("of each of three clusters where all of them have one of that name and family", async () => {
    const clusters = ["prod", "staging", "dev"];
    const { documents } = world.account;
    const [definition] = documents.definitions;
    for (const list of Object.values(documents)) list.length = 0;
    world.event = clusters.map((cluster) => {
      const { deployed } = world;
      const own = failingService({
        cluster,
        digest: deployed.index,
        reason: refusedByDockerHub(deployed.amd64),
      });
      for (const [member, list] of Object.entries(own))
        if (member !== "definitions") documents[member as keyof Documents].push(...(list as never[]));
      return eventOf(own.tasks[0] ?? {});
    });
    if (definition !== undefined) documents.definitions.push(definition);

    const { lines, status } = await runIn(world);

    expect(lines.map(({ outcome }) => outcome)).toEqual(["redeployed", "redeployed", "redeployed"]);
    expect(status).toBe(0);
    const updates = world.account
      .taken("UpdateService")
      .map(({ cluster }) => String(cluster).split("/").at(-1));
    expect(updates).toEqual(clusters);
    const moved = documents.services.map(({ taskDefinition }) => taskDefinition);
    expect(new Set(moved).size).toBe(3);
  });
});

describe("repull replay --aws --yes finds a revision that has our tags", () => {
  /** What the product registers in such a world. */
  async function registered(): Promise<Document> {
    const twin = await startWorld();
    try {
      await runIn(twin);
      return only(twin.account.taken("RegisterTaskDefinition"));
    } finally {
      await stopWorld(twin);
    }
  }
  function add({ account: { documents } }: World, { tags, ...definition }: Document, others: Document): void {
    documents.definitions.push({
      taskDefinition: {
        ...definition,
        ...others,
        taskDefinitionArn: arn("task-definition/web:43"),
        revision: 43,
        status: "ACTIVE",
        registeredAt: secondsAgo(1),
      },
      tags: tags as Document[],
    });
  }
  const withContainer = ({ containerDefinitions }: Document, others: Document): Document => ({
    containerDefinitions: (containerDefinitions as Document[]).map((one) => ({ ...one, ...others })),
  });

  // biome-ignore format: a table is read by its columns
  const forged: readonly (readonly [string, (written: Document) => Document])[] = [
    ["another command",        (written) => withContainer(written, { command: ["sh", "-c", "env"] })],
    ["another environment",    (written) => withContainer(written, { environment: [{ name: "MODE", value: "debug" }] })],
    ["another role",           () => ({ taskRoleArn: "arn:aws:iam::123456789012:role/admin" })],
    ["a member of tomorrow",   () => ({ memberOfTomorrow: { anything: 1 } })],
    ["one container more",     ({ containerDefinitions }) => ({ containerDefinitions: [...(containerDefinitions as Document[]), { name: "more", image: "public.ecr.aws/acme/more:1" }] })],
  ];
  for (const [what, forge] of forged) {
    it(`that has ${what}, and registers its own`, async () => {
      const written = await registered();
      add(world, written, forge(written));
      const { lines, status, redeployed } = await runIn(world);
      expect(lines).toMatchObject([
        { outcome: "redeployed", newTaskDefinition: arn("task-definition/web:44") },
      ]);
      expect({ status, redeployed }).toEqual({ status: 0, redeployed: [arn("task-definition/web:44")] });
    });
  }

  it("takes it when it is the same member for member", async () => {
    add(world, await registered(), {});
    const { lines, images, redeployed } = await runIn(world);
    expect(lines).toMatchObject([{ outcome: "redeployed" }]);
    expect({ images, redeployed }).toEqual({ images: [], redeployed: [arn("task-definition/web:43")] });
  });
});

describe("repull replay --aws --yes leaves the service as it is", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, (world: World) => void, object, number])[] = [
    ["it is behind a Classic Load Balancer and runs whole",   (world) => { behindClassicLoadBalancer(world); runWhole(world); },                                    { outcome: "ignored" },                 0],
    ["it runs whole",                                         (world) => { runWhole(world); primaryOf(world).rolloutState = "COMPLETED"; },                         { outcome: "ignored" },                 0],
    ["it was deleted",                                        ({ account }) => { account.documents.services.length = 0; },                                          { outcome: "ignored" },                 0],
    ["it drains",                                             ({ account }) => { only(account.documents.services).status = "DRAINING"; },                           { outcome: "ignored" },                 0],
    ["it is on another revision now",                         ({ account }) => { only(account.documents.services).taskDefinition = arn("task-definition/web:44"); },  { outcome: "superseded" },              0],
    ["an external controller deploys it",                     ({ account }) => { only(account.documents.services).deploymentController = { type: "EXTERNAL" }; },     { outcome: "not-eligible", reason: "deployed-by-others" }, 1],
    ["it came back to this revision a few minutes ago",       (world) => addSubstitute(world, 25), { outcome: "no-substitute" },                                     1],
    ["ECS throttles every call",                              ({ account }) => { account.override = ({ service }) => (service === "ecs" ? THROTTLED : undefined); },  { outcome: "failed", error: { code: "unfinished" } }, 5],
    ["ECS answers every call with a page of HTML",            ({ account }) => { account.override = ({ service }) => (service === "ecs" ? PAGE : undefined); },       { outcome: "failed", error: { code: "unfinished" } }, 5],
    ["the service may not be described",                      answering({ DescribeServices: refusal("AccessDeniedException", "not authorized") }),                   { outcome: "failed", error: { code: "denied", permission: "ecs:DescribeServices" } }, 4],
    ["the cluster's tags cannot be read",                     answering({ DescribeClusters: PAGE }),                                                                 { outcome: "failed", error: { code: "unfinished" } }, 5],
    ["the task's text and the event's are cut off",           (world) => cutOff(world),                                                                             { outcome: "not-eligible", reason: "ambiguous-failure" }, 1],
    ["the event names another service than the task's own",   (world) => { ((world.event as Document).detail as Document).group = "service:api"; },                 { outcome: "ignored" },                 0],
    ["ECS reports another failure of the task than a pull's",     ({ account }) => { only(account.documents.tasks).stoppedReason = "Essential container in task exited"; }, { outcome: "ignored" },             0],
  ];
  for (const [when, arrange, outcome, exit] of table) {
    it(`when ${when}`, async () => {
      arrange(world);
      const { lines, status, writes, err } = await runIn(world);
      expect(lines).toMatchObject([outcome]);
      expect({ status, writes }).toEqual({ status: exit, writes: ["PutEvents"] });
      expect(err).not.toMatch(/\n\s+at /);
    });
  }
});

describe("repull replay --aws --yes whose UpdateService is answered by a page of HTML", () => {
  /** Does it at the last of so many calls; answers with the page whatever it did. */
  const doneAtCall = (last: number) => {
    let calls = 0;
    const override: Override = ({ action, body }) => {
      if (action !== "UpdateService") return undefined;
      calls += 1;
      if (calls === last)
        Object.assign(only(world.account.documents.services), { taskDefinition: body.taskDefinition });
      return PAGE;
    };
    return { override, calls: () => calls };
  };

  it("ends unfinished and with status 5 when it was not done, and done when its last call did it", async () => {
    const undone = doneAtCall(0);
    world.account.override = undone.override;
    const { lines, status } = await runIn(world);
    expect(lines).toMatchObject([{ outcome: "failed", error: { code: "unfinished" } }]);
    expect(status).toBe(5);

    const done = doneAtCall(undone.calls());
    world.account.override = done.override;
    const second = await runIn(world);
    expect(done.calls()).toBe(undone.calls());
    expect(second.lines).toMatchObject([{ outcome: "redeployed" }]);
    expect(second.status).toBe(0);
  });

  it("ends denied and with status 4 when the right is missing", async () => {
    answering({ UpdateService: refusal("AccessDeniedException", "not authorized") })(world);
    const { lines, status } = await runIn(world);
    expect(lines).toMatchObject([
      { outcome: "failed", error: { code: "denied", permission: "ecs:UpdateService" } },
    ]);
    expect(status).toBe(4);
  });
});

describe("repull replay --aws --yes deploys nothing", () => {
  const answeringWith =
    (change: (definition: Document) => Document): Override =>
    ({ action, body }) => {
      if (action !== "RegisterTaskDefinition") return undefined;
      const { tags, ...sent } = body;
      const made = {
        ...sent,
        taskDefinitionArn: arn("task-definition/web:43"),
        revision: 43,
        status: "ACTIVE",
      };
      return { body: { taskDefinition: { ...made, ...change(made) }, tags } };
    };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, (definition: Document) => Document])[] = [
    ["the answer to its registration has another image",  ({ containerDefinitions }) => ({ containerDefinitions: (containerDefinitions as Document[]).map((one) => ({ ...one, image: "ghcr.io/acme/web:2" })) })],
    ["the answer to its registration has one more container", ({ containerDefinitions }) => ({ containerDefinitions: [...(containerDefinitions as Document[]), { name: "more", image: "ghcr.io/acme/more:1" }] })],
    ["the answer to its registration is of another family", () => ({ family: "api", taskDefinitionArn: arn("task-definition/api:7"), revision: 7 })],
  ];
  for (const [when, change] of table) {
    it(`when ${when}`, async () => {
      world.account.override = answeringWith(change);
      const { lines, status, redeployed } = await runIn(world);
      expect(lines).toMatchObject([
        { outcome: "failed", error: { code: "invalid", permission: "ecs:RegisterTaskDefinition" } },
      ]);
      expect({ status, redeployed }).toEqual({ status: 1, redeployed: [] });
    });
  }
});

describe("repull replay --aws --yes whose UpdateService answers without a service", () => {
  it("ends unfinished and with status 5 when it was not done", async () => {
    world.account.override = ({ action }) => (action === "UpdateService" ? { body: {} } : undefined);
    const { lines, status } = await runIn(world);
    expect(lines).toMatchObject([{ outcome: "failed", error: { code: "unfinished" } }]);
    expect(status).toBe(5);
  });
});

describe("repull replay --aws --yes --no-wait while another caller deploys", () => {
  const theirs = arn("task-definition/web:50");
  /** Theirs is another image; the first such call of ours comes after it. */
  function deployBefore(call: string): void {
    const { documents } = world.account;
    const [{ taskDefinition = {} } = {}] = documents.definitions;
    const containers = (taskDefinition.containerDefinitions as Document[]).map((one) => ({
      ...one,
      image: "ghcr.io/acme/web:2",
    }));
    documents.definitions.push({
      taskDefinition: {
        ...taskDefinition,
        taskDefinitionArn: theirs,
        revision: 50,
        containerDefinitions: containers,
      },
      tags: [],
    });
    let isDone = false;
    world.account.override = ({ action }) => {
      if (action !== call || isDone) return undefined;
      isDone = true;
      const service = only(documents.services);
      const before = service.deployments as Document[];
      service.taskDefinition = theirs;
      service.deployments = [
        {
          ...before[0],
          id: "ecs-svc/5050505050505050505",
          taskDefinition: theirs,
          failedTasks: 0,
          createdAt: secondsAgo(0),
        },
        ...before.map((one) => ({ ...one, status: "ACTIVE" })),
      ];
      return undefined;
    };
  }

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, string, readonly string[]])[] = [
    ["before it compares, it writes nothing over theirs",        "RegisterTaskDefinition", []],
    ["between comparing and its own write, it deploys theirs again", "UpdateService",      [arn("task-definition/web:51"), theirs]],
  ];
  for (const [when, call, updates] of table) {
    it(when, async () => {
      deployBefore(call);
      const { lines, status, redeployed } = await runIn(world);
      expect(lines).toMatchObject([{ outcome: "superseded" }]);
      expect({ status, redeployed }).toEqual({ status: 0, redeployed: updates });
      expect(only(world.account.documents.services).taskDefinition).toBe(theirs);
    });
  }
});

/** The event and the task both lack the end of the text. */
function cutOff(world: World): void {
  const reason =
    "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/ngin";
  only(world.account.documents.tasks).stoppedReason = reason;
  ((world.event as Document).detail as Document).stoppedReason = reason;
}

describe("repull replay --aws sends no write at all", () => {
  const foreign = (from: string, to: string) => (world: World) => {
    world.event = JSON.parse(JSON.stringify(world.event).replaceAll(from, to));
  };
  const withFlags =
    (...flags: readonly string[]) =>
    (world: World) => {
      world.flags = flags;
    };
  const withPolicy = (text: string) => (world: World) => {
    world.files["policy.json"] = text;
    world.flags = [...FLAGS, "--policy", "policy.json"];
  };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, (world: World) => void, object, number])[] = [
    ["without --yes",                              withFlags("--no-stack", "--no-wait", "--json"),             { outcome: "dry-run" },                          0],
    ["when the event is of another account",       foreign("123456789012", "210987654321"),                    { outcome: "refused", code: "other-account" },    4],
    ["when the event is of another region",        foreign("us-east-1", "eu-west-1"),                          { outcome: "refused", code: "other-region" },     4],
    ["when no stack answers and --no-stack was not said", withFlags("--yes", "--no-wait", "--json"),           { outcome: "refused", because: expect.stringContaining("--no-stack") }, 4],
    ["when the policy file is absent",             withFlags(...FLAGS, "--policy", "none.json"),               { outcome: "invalid" },                           2],
    ["when the policy file is not JSON",            withPolicy("mode: observe"),                                { outcome: "invalid" },                           2],
    ["when the policy file has an unknown key",    withPolicy('{"mod":"observe"}'),                            { outcome: "invalid" },                           2],
    ["when the event is not an event",                 (world) => { world.event = { hello: "world" }; },           { outcome: "invalid" },                           2],
  ];
  for (const [when, arrange, outcome, exit] of table) {
    it(when, async () => {
      arrange(world);
      const { lines, status, writes, err } = await runIn(world);
      expect(lines).toMatchObject([outcome]);
      expect({ status, writes }).toEqual({ status: exit, writes: [] });
      expect(err).not.toMatch(/\n\s+at /);
    });
  }

  it("publishes the event of its outcome when the policy file says observe", async () => {
    withPolicy('{"mode":"observe"}')(world);
    const { lines, status, writes } = await runIn(world);
    expect(lines).toMatchObject([{ outcome: "dry-run" }]);
    expect({ status, writes }).toEqual({ status: 0, writes: ["PutEvents"] });
  });
});
