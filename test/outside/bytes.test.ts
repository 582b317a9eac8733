/**
 * Which bytes `repull replay --aws --yes` puts in place, against an Amazon ECS that the product has never seen: documents
 * in the shapes of AWS's models, and hardly a call but those of ECS.
 */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Answer, PAGE, refusal, UNKNOWN_OPERATION } from "./account.ts";
import {
  arn,
  DEPLOYMENT_NUMBER,
  type Document,
  REFUSED_WITHOUT_MANIFEST,
  refusedByDockerHub,
  secondsAgo,
} from "./documents.ts";
import { moveTag, only, runIn, startWorld, stopWorld, type World } from "./world.ts";

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => stopWorld(world));

/** The service revision has a number of its own, which is not the deployment's. */
function renumber({ account: { documents } }: World): string {
  const own = arn("service-revision/prod/web/8301946572218350117");
  only(documents.serviceRevisions).serviceRevisionArn = own;
  (only(documents.serviceDeployments).targetServiceRevision as Document).arn = own;
  return own;
}

/** Deployments of the service before the failing one, so many, each with a revision that pinned other bytes. */
function addEarlier({ account: { documents }, other }: World, count: number): void {
  const [deployment = {}] = documents.serviceDeployments;
  const [revision = {}] = documents.serviceRevisions;
  for (let number = 1; number <= count; number++) {
    const at = secondsAgo(60 * 24 + 60 * number);
    const serviceRevisionArn = arn(`service-revision/prod/web/10000000000000000${100 + number}`);
    documents.serviceRevisions.push({
      ...revision,
      serviceRevisionArn,
      createdAt: at,
      containerImages: [{ containerName: "web", image: "nginx:1.25", imageDigest: other.index }],
    });
    documents.serviceDeployments.unshift({
      ...deployment,
      serviceDeploymentArn: arn(`service-deployment/prod/web/earlier${number}`),
      createdAt: at,
      startedAt: at,
      status: "SUCCESSFUL",
      targetServiceRevision: { arn: serviceRevisionArn },
    });
  }
}

function pin({ account: { documents } }: World, imageDigest?: string): void {
  only(documents.serviceRevisions).containerImages = [
    { containerName: "web", image: "nginx:1.25", ...(imageDigest === undefined ? {} : { imageDigest }) },
  ];
}

function say(world: World, reason: string): void {
  sayInTask(world, reason);
  sayInEvent(world, reason);
}

function sayInTask({ account: { documents } }: World, reason: string): void {
  only(documents.tasks).stoppedReason = reason;
}

function sayInEvent({ event }: World, reason: string): void {
  Object.assign((event as Document).detail as Document, { stoppedReason: reason });
}

function runOther({ account: { documents } }: World, startedBy: string, imageDigest: string): void {
  const [failed = {}] = documents.tasks;
  const [container] = failed.containers as Document[];
  documents.tasks.push({
    ...failed,
    taskArn: arn(`task/prod/${"0".repeat(31)}${documents.tasks.length}`),
    startedBy,
    lastStatus: "RUNNING",
    desiredStatus: "RUNNING",
    stopCode: undefined,
    stoppedReason: undefined,
    containers: [{ ...container, lastStatus: "RUNNING", imageDigest }],
  });
}

/** ECS goes back to the revision, after a deployment of another one has failed. */
function rollBack(world: World): void {
  const { serviceDeployments, serviceRevisions } = world.account.documents;
  const [revision = {}] = serviceRevisions;
  const [deployment = {}] = serviceDeployments;
  const to = renumber(world);
  const from = arn("service-revision/prod/web/9999999999999999999");
  const deployedAt = Number(deployment.createdAt);
  Object.assign(revision, { createdAt: deployedAt - 3600 });
  serviceRevisions.push({
    ...revision,
    serviceRevisionArn: from,
    taskDefinition: arn("task-definition/web:43"),
  });
  Object.assign(deployment, {
    createdAt: deployedAt - 600,
    status: "ROLLBACK_IN_PROGRESS",
    targetServiceRevision: { arn: from },
    rollback: { reason: "tasks failed to start", startedAt: deployedAt, serviceRevisionArn: to },
  });
  moveTag(world);
}

/** Some endpoints write so what AWS writes in seconds since the epoch. */
function tellTimesAsTexts({ account }: World): void {
  const documents = Object.values(account.documents).flat() as Document[];
  for (const document of [
    ...documents,
    ...documents.flatMap(({ deployments = [] }) => deployments as Document[]),
  ])
    for (const [member, value] of Object.entries(document))
      if (/At$/.test(member)) document[member] = new Date(Number(value) * 1000).toISOString();
}

function nameByDigest(world: World): void {
  const { definitions, tasks } = world.account.documents;
  const image = `nginx:1.25@${world.deployed.index}`;
  for (const list of [definitions[0]?.taskDefinition.containerDefinitions, only(tasks).containers])
    Object.assign(only(list as Document[]), { image });
  moveTag(world);
}

describe("repull replay --aws --yes writes the bytes that were meant", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, (world: World) => void, string])[] = [
    ["the tag still has them",                                      () => {},                                                  "service-revision"],
    ["the tag was moved at Docker Hub and at ECR Public",           moveTag,                                                   "service-revision"],
    ["the text names the pinned index itself",                      (world) => say(world, refusedByDockerHub(world.deployed.index)), "service-revision"],
    ["the text names no manifest",                                  (world) => say(world, REFUSED_WITHOUT_MANIFEST),           "service-revision"],
    ["the revision's number is not the deployment's; dates decide", (world) => { renumber(world); addEarlier(world, 3); moveTag(world); }, "service-revision"],
    ["the deployments come in two pages, the failing one last",     (world) => { addEarlier(world, 4); world.account.pageLength = 3; moveTag(world); }, "service-revision"],
    ["the pages are sought by dates as well",                       (world) => { renumber(world); addEarlier(world, 4); world.account.pageLength = 2; moveTag(world); }, "service-revision"],
    ["nothing is pinned, and a task of the deployment runs them",   (world) => { pin(world); moveTag(world); runOther(world, `ecs-svc/${DEPLOYMENT_NUMBER}`, world.deployed.index); }, "task"],
    ["nothing is pinned, no task ran; Docker Hub answers a HEAD",  (world) => pin(world),                                    "origin"],
    ["ECS no longer shows the task, and the event is whole",        ({ account }) => { account.documents.tasks.length = 0; },  "service-revision"],
    ["ECS was just rolling the service back to them",               rollBack,                                                  "service-revision"],
    ["all times are texts in ISO 8601",                             (world) => { renumber(world); tellTimesAsTexts(world); },  "service-revision"],
    ["the image is named by digest",                                nameByDigest,                                              "reference"],
    ["tasks of an earlier deployment run others",                   (world) => runOther(world, "ecs-svc/1111111111111111111", world.other.index), "service-revision"],
  ];
  for (const [when, arrange, from] of table) {
    it(`when ${when}`, async () => {
      arrange(world);
      const { lines, status, images, redeployed } = await runIn(world);
      expect(lines).toMatchObject([
        {
          outcome: "redeployed",
          images: [{ trusted: { digest: world.deployed.index, from }, proof: "same-index" }],
        },
      ]);
      expect(images).toEqual([`public.ecr.aws/docker/library/nginx@${world.deployed.index}`]);
      expect({ status, redeployed }).toEqual({ status: 0, redeployed: [arn("task-definition/web:43")] });
    });
  }

  it("takes no member of the task definition away", async () => {
    const taskDefinition = world.account.documents.definitions[0]?.taskDefinition ?? {};
    await runIn(world);
    const [registered = {}] = world.account.taken("RegisterTaskDefinition");
    const { containerDefinitions, tags, ...others } = registered;
    const { containerDefinitions: before, ...rest } = taskDefinition;
    for (const member of ["family", "networkMode", "cpu", "memory", "executionRoleArn", "memberOfNextYear"])
      expect(others[member]).toEqual(rest[member]);
    expect(tags).toContainEqual({ key: "team", value: "shop" });
    expect(containerDefinitions).toMatchObject([
      { name: "web", environment: [{ name: "MODE", value: "live" }] },
    ]);
    expect(before).toMatchObject([{ image: "nginx:1.25" }]);
  });
});

type Facts = { readonly trusted?: unknown; readonly untrusted?: unknown; readonly vetoedBy?: unknown };

describe("repull replay --aws --yes writes nothing", () => {
  const answering = (action: string, answer: Answer) => (world: World) => {
    world.account.override = (request) => (request.action === action ? answer : undefined);
  };
  const unreadable = { untrusted: { code: "trust-unreadable" } };
  const permission = (name: string) => ({ untrusted: { code: "trust-unreadable", permission: name } });
  const DENIED = refusal(
    "AccessDeniedException",
    "User: arn:aws:iam::123456789012:user/ada is not authorized",
  );

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, (world: World) => void, string, (world: World) => Facts])[] = [
    ["the meant bytes are nowhere but at Docker Hub, and the tag means others", (world) => { moveTag(world); forget(world); }, "no-proof", ({ deployed }) => ({ trusted: { digest: deployed.index } })],
    ["the text names a manifest of other bytes",          (world) => say(world, refusedByDockerHub(world.other.amd64)), "other-manifest-in-text", ({ other }) => ({ vetoedBy: other.amd64 })],
    ["only the event's text names other bytes",           (world) => sayInEvent(world, refusedByDockerHub(world.other.amd64)), "other-manifest-in-text", ({ other }) => ({ vetoedBy: other.amd64 })],
    ["only the task's text names other bytes",            (world) => sayInTask(world, refusedByDockerHub(world.other.amd64)), "other-manifest-in-text", ({ other }) => ({ vetoedBy: other.amd64 })],
    ["the text names the index of other bytes",           (world) => say(world, refusedByDockerHub(world.other.index)), "other-manifest-in-text", ({ other }) => ({ vetoedBy: other.index })],
    ["service revisions are refused",                     answering("DescribeServiceRevisions", DENIED),           "trust-unreadable", () => permission("ecs:DescribeServiceRevisions")],
    ["service deployments are refused",                   answering("ListServiceDeployments", DENIED),             "trust-unreadable", () => permission("ecs:ListServiceDeployments")],
    ["service deployments are answered by a page of HTML", answering("ListServiceDeployments", PAGE),              "trust-unreadable", () => unreadable],
    ["service deployments are an unknown operation",      answering("ListServiceDeployments", UNKNOWN_OPERATION),  "trust-unreadable", () => unreadable],
    ["service deployments are throttled",                 answering("ListServiceDeployments", refusal("ThrottlingException", "Rate exceeded")), "trust-unreadable", () => unreadable],
    ["service deployments come without their list",       answering("ListServiceDeployments", { body: {} }),       "trust-unreadable", () => unreadable],
    ["service deployments are not JSON",                   answering("ListServiceDeployments", { body: "{" }),      "trust-unreadable", () => unreadable],
    ["service deployments have no last page",             answering("ListServiceDeployments", { body: { serviceDeployments: [], nextToken: "again" } }), "trust-unreadable", () => unreadable],
    ["no service deployment is listed",                   ({ account }) => { account.documents.serviceDeployments.length = 0; }, "trust-unreadable", () => unreadable],
    ["the service revision is missing",                   ({ account }) => { account.documents.serviceRevisions.length = 0; }, "trust-unreadable", () => unreadable],
    ["the service revision is of another task definition", ({ account }) => { only(account.documents.serviceRevisions).taskDefinition = arn("task-definition/web:41"); }, "trust-unreadable", () => unreadable],
    ["service revisions are an unknown operation",        answering("DescribeServiceRevisions", UNKNOWN_OPERATION), "trust-unreadable", () => unreadable],
    ["two deployments of one moment pinned different digests", (world) => { renumber(world); addTwin(world); },    "trust-unreadable", () => unreadable],
    ["nothing is pinned, and tasks of the deployment run two digests", (world) => { pin(world); for (const { index } of [world.deployed, world.other]) runOther(world, `ecs-svc/${DEPLOYMENT_NUMBER}`, index); }, "trust-unreadable", () => unreadable],
  ];
  for (const [when, arrange, reason, facts] of table) {
    it(`when ${when}`, async () => {
      arrange(world);
      const { lines, status, writes, err } = await runIn(world);
      expect(lines).toMatchObject([{ outcome: "no-substitute", reason, images: [facts(world)] }]);
      expect({ status, writes }).toEqual({ status: 1, writes: ["PutEvents"] });
      expect(err).not.toMatch(/\n\s+at /);
    });
  }
});

/** ECR Public no longer has what was deployed. */
function forget({ registries: { ecrPublic }, deployed }: World): void {
  for (const digest of [deployed.index, deployed.amd64])
    ecrPublic.links.delete(`docker/library/nginx@${digest}`);
}

/** Another deployment of the same revision, of the very same second, that pinned other bytes. */
function addTwin(world: World): void {
  const { serviceDeployments, serviceRevisions } = world.account.documents;
  const [{ createdAt }] = serviceDeployments as [Document];
  addEarlier(world, 1);
  serviceDeployments[0] = { ...serviceDeployments[0], createdAt };
  serviceRevisions[1] = { ...serviceRevisions[1], createdAt };
}
