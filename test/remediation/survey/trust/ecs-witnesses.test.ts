/**
 * Which bytes were meant: a row for each witness and each way in which it can answer, over HTTP, against answers shaped
 * as the models of Amazon ECS have them.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trustedDigest } from "../../../../src/assessment/trust/trusted-digest.ts";
import { createEcs } from "../../../../src/aws/adapters/ecs/ecs.ts";
import { readService } from "../../../../src/ecs/service/service.ts";
import { readTask } from "../../../../src/ecs/task/task.ts";
import { toTags } from "../../../../src/ecs/task-definition/provenance-tags.ts";
import type { Digest } from "../../../../src/image/digest.ts";
import { parseReference } from "../../../../src/image/reference.ts";
import { RegistryError } from "../../../../src/oci/client/registry-error.ts";
import type { ExecutionStatus, Ports } from "../../../../src/remediation/ports/ports.ts";
import { witnessesOf } from "../../../../src/remediation/survey/trust/ecs-witnesses.ts";
import type { JsonObject } from "../../../../src/runtime/json.ts";
import {
  type AwsAnswer,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "../../../support/aws/aws-stub.ts";

const HOME = "us-east-1:123456789012";
const CLUSTER = `arn:aws:ecs:${HOME}:cluster/prod`;
const FAILING = `arn:aws:ecs:${HOME}:task-definition/web:42`;
const OTHER = `arn:aws:ecs:${HOME}:task-definition/web:43`;
const digest = (sign: string): Digest => `sha256:${sign.repeat(64)}`;
const PINNED = digest("1");
const RUNS = digest("2");
const NOW = digest("3");
const FOUND = digest("4");
const ROLLING_BACK = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.";
const T = Date.parse("2026-01-20T10:00:00Z") / 1000;

/** A deployment, the service revision that it brought, and what that pins. */
type Brought = {
  readonly id: string;
  readonly at?: number;
  readonly status?: string;
  readonly taskDefinition?: string;
  readonly pins?: readonly JsonObject[];
  /** The id of the service revision that ECS rolled back to, and when. */
  readonly rolledBackTo?: readonly [id: string, at: number];
};

type Row = {
  readonly image?: string;
  readonly controller?: string;
  /** `ecs-svc/N`. */
  readonly startedBy?: string;
  readonly deployedAt?: number;
  /** ECS says of the failing deployment that it is a rollback of its own. */
  readonly isWayBack?: true;
  readonly taskCreatedAt?: number;
  readonly brought?: readonly Brought[];
  readonly pages?: number;
  readonly tasks?: readonly { readonly by: string; readonly digest: string; readonly revision?: string }[];
  /** Action → what is answered in its place. */
  readonly instead?: Readonly<Record<string, AwsAnswer>>;
  readonly origin?: "absent" | "unreadable";
  /** The execution that the revision deployed before the failing one names. */
  readonly execution?: ExecutionStatus;
  /** Which revision that revision says that it replaced. */
  readonly former?: string;
  /** What its tag says that it had found. */
  readonly found?: Digest;
  /** Its name. */
  readonly maker?: string;
  readonly standalone?: true;
};

const pin = (imageDigest?: string, containerName = "web"): JsonObject => ({
  containerName,
  image: "nginx:1.27",
  ...(imageDigest === undefined ? {} : { imageDigest }),
});
const revisionArn = (id: string): string => `arn:aws:ecs:${HOME}:service-revision/prod/web/${id}`;
const deploymentArn = (id: string): string => `arn:aws:ecs:${HOME}:service-deployment/prod/web/d${id}`;
const own = (more: Partial<Brought> = {}): Brought => ({ id: "111", pins: [pin(PINNED)], ...more });
const denied = (action: string): AwsAnswer => ({
  status: 400,
  body: { __type: "AccessDeniedException", message: `User is not authorized to perform: ${action}` },
});
const html: AwsAnswer = { status: 500, body: "<!doctype html><title>500 Internal Server Error</title>" };
const rolledBack = (trusted: Readonly<Record<string, Digest>>, revisions = [FAILING]): ExecutionStatus => ({
  status: "succeeded",
  rolledBack: { clusterArn: CLUSTER, service: "web", revisions, trusted },
});
/** What another deployed at the moment of our rollback. */
const THIRD = `arn:aws:ecs:${HOME}:task-definition/web:44`;
/** Ours and another's in between, then the failing revision again. */
const afterOursAndAnothers = (digest: Digest, at = 300): readonly Brought[] => [
  own({ at, pins: [pin(digest)] }),
  { id: "112", at: 250, taskDefinition: THIRD, pins: [pin(FOUND)] },
  { id: "110", at: 200, taskDefinition: OTHER, pins: [pin(PINNED)] },
  { id: "109", at: 100, pins: [pin(PINNED)] },
];
/** Ours in between, then the failing revision again. */
const afterOurs: readonly Brought[] = [
  own({ at: 300, pins: [pin(NOW)] }),
  { id: "110", at: 200, taskDefinition: OTHER, pins: [pin(PINNED)] },
  { id: "109", at: 100, pins: [pin(PINNED)] },
];

// biome-ignore format: a table is read by its columns
const ROWS: readonly (readonly [when: string, row: Row, said: string])[] = [
  ["the reference has a digest",                                   { image: `nginx:1.27@${FOUND}`, brought: [own()] },                                             `${FOUND} reference`],
  ["the failing deployment pinned one, and the tag has moved",     { brought: [own()] },                                                                          `${PINNED} service-revision`],
  ["a task of it runs other bytes than it pinned",                 { brought: [own()], tasks: [{ by: "ecs-svc/111", digest: RUNS }] },                            `${PINNED} service-revision`],
  ["the deployment is on the third page",                          { brought: [own()], pages: 3 },                                                                `${PINNED} service-revision`],
  ["a later deployment of the same revision pinned another",       { brought: [{ id: "222", at: 500, pins: [pin(NOW)] }, own()] },                                `${PINNED} service-revision`],
  ["the number in its id is not a service revision: by its date",     { startedBy: "ecs-svc/999", deployedAt: 100, brought: [{ id: "333", at: 400, pins: [pin(NOW)] }, own({ at: 100 })] }, `${PINNED} service-revision`],
  ["by the failed task's date, where ECS shows it no more",        { startedBy: "ecs-svc/999", taskCreatedAt: 150, brought: [{ id: "333", at: 400, pins: [pin(NOW)] }, own({ at: 100 })] }, `${PINNED} service-revision`],
  ["by the task's date, where its own is in no list that is as young", { startedBy: "ecs-svc/999", deployedAt: 250, taskCreatedAt: 260, brought: [{ id: "333", at: 600, taskDefinition: OTHER }, own({ at: 100 })] }, `${PINNED} service-revision`],
  ["ECS itself went back to an earlier service revision",          { startedBy: "ecs-svc/999", taskCreatedAt: 450, brought: [{ id: "333", at: 300, status: "ROLLBACK_SUCCESSFUL", pins: [pin(NOW)], rolledBackTo: ["111", 400] }, own({ at: 100 })] }, `${PINNED} service-revision`],
  ["ECS went back to an earlier service revision within a minute of the deployment that failed", { startedBy: "ecs-svc/999", deployedAt: 350, isWayBack: true, brought: [{ id: "333", at: 300, status: "ROLLBACK_IN_PROGRESS", pins: [pin(NOW)], rolledBackTo: ["111", 350] }, own({ at: 100 })] }, `${PINNED} service-revision`],
  ["ECS went back within a minute of another deployment, and does not report yet to which service revision", { startedBy: "ecs-svc/999", deployedAt: 350, isWayBack: true, brought: [{ id: "333", at: 300, status: "IN_PROGRESS", pins: [pin(NOW)] }, own({ at: 100 })] }, "trust-unreadable"],
  ["neither its date nor the task's is known",                     { startedBy: "ecs-svc/999", brought: [own()] },                                                "trust-unreadable"],
  ["no deployment brought the failing revision",                   { startedBy: "ecs-svc/999", taskCreatedAt: 150, brought: [own({ at: 100, taskDefinition: OTHER })] }, "trust-unreadable"],
  ["two deployments of one moment pinned different digests",       { startedBy: "ecs-svc/999", taskCreatedAt: 150, brought: [{ id: "333", at: 100, pins: [pin(NOW)] }, own({ at: 100 })] }, "trust-unreadable"],
  ["the service revision of that number runs another revision",    { brought: [own({ taskDefinition: OTHER })] },                                                 "trust-unreadable"],
  ["two containers of the image are pinned to two digests",        { brought: [own({ pins: [pin(PINNED), pin(RUNS, "sidecar")] })] },                             "trust-unreadable"],
  ["deployments may not be listed",                                { brought: [own()], instead: { ListServiceDeployments: denied("ecs:ListServiceDeployments") } }, "trust-unreadable ecs:ListServiceDeployments"],
  ["service revisions may not be described",                       { brought: [own()], instead: { DescribeServiceRevisions: denied("ecs:DescribeServiceRevisions") } }, "trust-unreadable ecs:DescribeServiceRevisions"],
  ["one service revision may not be described",                    { brought: [own()], instead: { DescribeServiceRevisions: { body: { serviceRevisions: [], failures: [{ reason: "ACCESS_DENIED" }] } } } }, "trust-unreadable ecs:DescribeServiceRevisions"],
  ["ECS is throttled",                                             { brought: [own()], instead: { ListServiceDeployments: { status: 400, body: { __type: "ThrottlingException" } } } }, "trust-unreadable"],
  ["ECS does not know the call and answers with a page of HTML",   { brought: [own()], instead: { ListServiceDeployments: html } },                               "trust-unreadable"],
  ["the answer has no list at all",                                { brought: [own()], instead: { ListServiceDeployments: { body: {} } } },                       "trust-unreadable"],
  ["the list does not have the failing deployment",                { brought: [] },                                                                               "trust-unreadable"],
  ["the list has only an earlier deployment of the revision",      { startedBy: "ecs-svc/999", deployedAt: 400, taskCreatedAt: 450, brought: [own({ at: 100 })] }, "trust-unreadable"],
  ["ECS resolved nothing, and a task of the deployment decides",     { brought: [own({ pins: [pin()] })], tasks: [{ by: "ecs-svc/111", digest: RUNS }] },           `${RUNS} task`],
  ["a task of another deployment does not decide",                   { brought: [own({ pins: [pin()] })], tasks: [{ by: "ecs-svc/110", digest: RUNS }] },           `${NOW} origin`],
  ["a task of another revision does not decide",                     { brought: [own({ pins: [pin()] })], tasks: [{ by: "ecs-svc/111", digest: RUNS, revision: OTHER }] }, `${NOW} origin`],
  ["tasks of the deployment run two digests",                      { brought: [own({ pins: [pin()] })], tasks: [{ by: "ecs-svc/111", digest: RUNS }, { by: "ecs-svc/111", digest: FOUND }] }, "trust-unreadable"],
  ["ECS resolved nothing: a first deployment",                     { brought: [own({ pins: [pin()] })] },                                                         `${NOW} origin`],
  ["the deployment is older than ECS's service revisions",         { deployedAt: Date.parse("2024-10-24T00:00:00Z") / 1000 - T, brought: [] },                    `${NOW} origin`],
  ["nothing was pinned, and the tag is gone",                      { brought: [own({ pins: [pin()] })], origin: "absent" },                                       "origin-has-no-tag"],
  ["nothing was pinned, and the origin does not answer",           { brought: [own({ pins: [pin()] })], origin: "unreadable" },                                   "origin-unreadable"],
  ["we rolled back before, and the tag had moved by then",         { brought: afterOurs, execution: rolledBack({ "nginx:1.27": PINNED }) },                       `${PINNED} execution`],
  ["another deployment came at our rollback, which is not recorded yet", { brought: afterOursAndAnothers(NOW), execution: { status: "running" } }, "trust-unreadable"],
  ["another deployment came at our rollback, and ECS pinned another digest for it", { brought: afterOursAndAnothers(NOW), execution: { ...rolledBack({ "nginx:1.27": PINNED }), endedAt: (T + 400) * 1000 } }, "trust-unreadable"],
  ["another deployment came at our rollback, and ECS pinned the same digest", { brought: afterOursAndAnothers(PINNED), execution: { ...rolledBack({ "nginx:1.27": PINNED }), endedAt: (T + 400) * 1000 } }, `${PINNED} execution`],
  ["we rolled back, and another deployed and went back after that", { brought: afterOursAndAnothers(NOW), execution: { ...rolledBack({ "nginx:1.27": PINNED }), endedAt: (T + 260) * 1000 } }, `${NOW} service-revision`],
  ["another deployed over ours, and went back a day later", { brought: afterOursAndAnothers(NOW, 90_000), execution: { status: "unknown" } }, `${NOW} service-revision`],
  ["the earlier execution trusted nothing for this image",         { brought: afterOurs, execution: rolledBack({ "redis:7": PINNED }) },                          `${NOW} service-revision`],
  ["the earlier execution rolled another revision back",           { brought: afterOurs, execution: rolledBack({ "nginx:1.27": PINNED }, [OTHER]) },              `${NOW} service-revision`],
  ["the earlier execution did not roll back",                      { brought: afterOurs, execution: { status: "succeeded" } },                                    `${NOW} service-revision`],
  ["what the earlier execution found may not be read",             { brought: afterOurs, execution: { status: "unknown", permission: "lambda:GetDurableExecution" } }, "trust-unreadable lambda:GetDurableExecution"],
  ["a new revision was deployed over ours, whose history may not be read", { brought: afterOurs, former: "web:41", execution: { status: "unknown" } }, `${NOW} service-revision`],
  ["the earlier execution was run by hand, and has no record",     { brought: afterOurs },                                                                        `${NOW} service-revision`],
  ["the earlier one was run by hand, and executions may not be read", { brought: afterOurs, maker: "h-1", execution: { status: "unknown", permission: "lambda:ListDurableExecutionsByFunction" } }, `${NOW} service-revision`],
  ["it has no record, and its tag names what ECS pinned",          { brought: afterOurs, found: NOW },                                                            `${NOW} service-revision`],
  ["it has no record, and its tag names another digest",           { brought: afterOurs, found: PINNED },                                                         "trust-unreadable"],
  ["it died, and its tag names another digest",                    { brought: afterOurs, found: PINNED, execution: { status: "failed" } },                        "trust-unreadable"],
  ["another deployment began seconds before, and the failing one is not listed yet", { startedBy: "ecs-svc/999", deployedAt: 130, taskCreatedAt: 140, brought: [{ id: "333", at: 110, taskDefinition: OTHER }, own({ at: 0 })] }, "trust-unreadable"],
  ["CodeDeploy: a task of the same task set",                      { controller: "CODE_DEPLOY", tasks: [{ by: "ecs-svc/111", digest: RUNS }] },                   `${RUNS} task`],
  ["CodeDeploy: tasks of the same task set run two digests",       { controller: "CODE_DEPLOY", tasks: [{ by: "ecs-svc/111", digest: RUNS }, { by: "ecs-svc/111", digest: FOUND }] }, "trust-unreadable"],
  ["an external controller: no task ever pulled",                  { controller: "EXTERNAL", tasks: [{ by: "ecs-svc/110", digest: RUNS }] },                      `${NOW} origin`],
  ["standalone: a task of the same starter and revision",          { standalone: true, startedBy: "events-rule/nightly", tasks: [{ by: "events-rule/nightly", digest: RUNS }] }, `${RUNS} task`],
  ["standalone: a task of the same starter, of another revision",  { standalone: true, startedBy: "events-rule/nightly", tasks: [{ by: "events-rule/nightly", digest: RUNS, revision: OTHER }] }, `${NOW} origin`],
  ["standalone: tasks may not be listed",                          { standalone: true, startedBy: "events-rule/nightly", instead: { ListTasks: denied("ecs:ListTasks") } }, "trust-unreadable ecs:ListTasks"],
  ["standalone: no starter is known",                              { standalone: true, tasks: [{ by: "ada", digest: RUNS }] },                                    `${NOW} origin`],
];

let row: Row = {};
let stub: AwsStub;
beforeAll(async () => {
  stub = await startAwsStub(({ action, body }) => row.instead?.[action] ?? { body: answerTo(action, body) });
});
afterAll(() => stub.stop());

function answerTo(action: string, body: JsonObject): JsonObject {
  const { brought = [], pages = 1, tasks = [] } = row;
  const summary = ({ id, at = 0, status = "SUCCESSFUL" }: Brought): JsonObject => ({
    serviceDeploymentArn: deploymentArn(id),
    targetServiceRevisionArn: revisionArn(id),
    createdAt: T + at,
    status,
  });
  switch (action) {
    case "ListServiceDeployments": {
      const page = Number(body.nextToken ?? 1);
      const isLast = page === pages;
      return {
        serviceDeployments: isLast ? brought.map(summary) : [],
        ...(isLast ? {} : { nextToken: String(page + 1) }),
      };
    }
    case "DescribeServiceDeployments":
      return {
        serviceDeployments: brought.map((one) => ({
          ...summary(one),
          ...(one.rolledBackTo === undefined
            ? {}
            : {
                rollback: {
                  serviceRevisionArn: revisionArn(one.rolledBackTo[0]),
                  startedAt: T + one.rolledBackTo[1],
                },
              }),
        })),
        failures: [],
      };
    case "DescribeServiceRevisions":
      return {
        serviceRevisions: brought
          .filter(({ id }) => (body.serviceRevisionArns as string[]).includes(revisionArn(id)))
          .map(({ id, taskDefinition = FAILING, pins = [] }) => ({
            serviceRevisionArn: revisionArn(id),
            taskDefinition,
            containerImages: pins,
          })),
        failures: [],
      };
    case "DescribeTaskDefinition": {
      const marker = {
        execution: row.maker ?? "r-1",
        previousRevision: row.former ?? "web:42",
        service: "prod/web",
        images: [
          { image: "nginx:1.27", ...(row.found === undefined ? {} : { digest: RUNS, trusted: row.found }) },
        ],
      };
      return {
        taskDefinition: { family: "web" },
        tags: body.taskDefinition === OTHER ? toTags(marker) : [],
      } as unknown as JsonObject;
    }
    case "ListTasks":
      return { taskArns: tasks.flatMap(({ by }, index) => (by === body.startedBy ? `task/${index}` : [])) };
    case "DescribeTasks":
      return { tasks: described(), failures: [] };
    default:
      throw new Error(`${action} was not expected`);
  }
}

function described(): readonly JsonObject[] {
  return (row.tasks ?? []).map(({ by, digest, revision = FAILING }, index) => ({
    taskArn: `task/${index}`,
    taskDefinitionArn: revision,
    startedBy: by,
    containers: [{ name: "web", image: "nginx:1.27", imageDigest: digest }],
  }));
}

function ports(): Ports {
  const { execution, origin } = row;
  return {
    ecs: createEcs({
      region: "us-east-1",
      endpoint: stub.url,
      credentials: STUB_CREDENTIALS,
      attemptsMax: 1,
    }),
    executions: { status: async () => execution },
    registries: {
      headManifest: async () => {
        if (origin === "unreadable")
          throw new RegistryError("no answer", { kind: "unavailable", host: "docker.io" });
        return origin === "absent" ? undefined : { digest: NOW, mediaType: "x" };
      },
    },
    clock: { now: () => T * 1000 },
  } as unknown as Ports;
}

describe("the digest that was meant", () => {
  for (const [when, given, said] of ROWS) {
    it(`is ${said.replaceAll(/sha256:(.)\1{63}/g, (_, one) => ({ 1: "the pinned one, by", 2: "the one that runs, by", 3: "the one of now, by", 4: "the written one, by" })[one as "1"] ?? "")} when: ${when}`, async () => {
      row = given;
      const { image = "nginx:1.27", controller = "ECS", standalone, deployedAt, taskCreatedAt } = row;
      const startedBy = standalone === undefined ? (row.startedBy ?? "ecs-svc/111") : row.startedBy;
      const service = readService({
        serviceName: "web",
        clusterArn: CLUSTER,
        deploymentController: { type: controller },
        deployments:
          deployedAt === undefined
            ? []
            : [
                {
                  id: startedBy ?? "",
                  taskDefinition: FAILING,
                  createdAt: T + deployedAt,
                  ...(row.isWayBack === undefined ? {} : { rolloutStateReason: ROLLING_BACK }),
                },
              ],
      });
      const failing = {
        clusterArn: CLUSTER,
        taskDefinitionArn: FAILING,
        running: async () => (standalone ? [] : described().map(readTask)),
        ...(standalone ? {} : { service }),
        ...(startedBy === undefined ? {} : { startedBy }),
        ...(taskCreatedAt === undefined
          ? {}
          : {
              task: readTask({
                taskArn: "task/failed",
                taskDefinitionArn: FAILING,
                startedBy: startedBy ?? "",
                createdAt: T + taskCreatedAt,
              }),
            }),
      };
      const named = { image, reference: parseReference(image), containers: ["web", "sidecar"] };
      const asked = ports();
      const belief = await trustedDigest(named, witnessesOf(failing, asked)(named), asked);
      const found =
        "trusted" in belief
          ? `${belief.trusted.digest} ${belief.trusted.from}`
          : [belief.untrusted.code, belief.untrusted.permission ?? []].flat().join(" ");
      expect(found).toBe(said);
    });
  }
});
