/** A plan in sentences: what a person reads before saying yes, and what their yes covers. */

import { describe, expect, test } from "vitest";
import { plannedChanges } from "../../../src/remediation/gates/planned-changes.ts";
import type { Survey } from "../../../src/remediation/survey/types.ts";
import type { ImagePlan, Substitute } from "../../../src/substitution/plan-types.ts";

const DIGEST = `sha256:${"ab".repeat(32)}` as const;
const OTHER = `sha256:${"cd".repeat(32)}` as const;
const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const ARN = "arn:aws:ecs:us-east-1:123456789012";

const surveyed = (more: Partial<Survey> = {}): Survey => ({
  kind: "survey",
  clusterArn: `${ARN}:cluster/prod`,
  service: "web",
  currentRevision: `${ARN}:task-definition/web:42`,
  deploymentIds: [],
  desiredCount: 2,
  runningCount: 0,
  failingRevision: `${ARN}:task-definition/web:42`,
  family: "web",
  images: [],
  platforms: [],
  recentSubstitutions: { sameRevision6h: 0, sameRevision24h: 0, otherRevisions6h: 0 },
  isDeploying: false,
  rolloutTimeoutSeconds: 600,
  limit: { kind: "docker-hub-pull-limit", registry: "docker.io" },
  ...more,
});
const plan = (winner: Partial<Substitute>, trusted: typeof DIGEST | undefined = DIGEST): ImagePlan => ({
  image: "nginx:1.25",
  containers: ["web"],
  failing: true,
  ...(trusted === undefined ? {} : { trusted: { digest: trusted, from: "origin" } }),
  rejected: [],
  substitute: {
    candidate: { strategy: "ecr-copy", image: `${ECR}/repull/nginx:1.25`, samePublisher: false },
    proof: "same-platform",
    digest: OTHER,
    checks: [],
    ...winner,
  },
});
const copied = `${ECR}/repull/nginx`;
const copy = { source: "docker.io/library/nginx:1.25", target: `${ECR}/repull/nginx:1.25-abab` } as const;
const task = (
  action: NonNullable<Survey["task"]>["action"],
  taskDefinition = `${ARN}:task-definition/job:3`,
) => ({
  task: {
    taskArn: `${ARN}:task/prod/77`,
    action,
    targets: [{ kind: "rule", rule: "nightly", bus: "default", taskDefinition, target: {} }],
  } as unknown as NonNullable<Survey["task"]>,
});

const REGISTER = `register a revision of web:42 in which web runs ${copied} in place of nginx:1.25 (same-platform as ${DIGEST})`;
const REDEPLOY = "redeploy the service prod/web with it; if its tasks fail, deploy web:42 again";

describe("the writes of a plan", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [because: string, Survey, ImagePlan, readonly string[]])[] = [
    ["a copy that is there",          surveyed(),              plan({}),                             [REGISTER, REDEPLOY]],
    ["a copy to be made",             surveyed(),              plan({ copy }),                       [`copy docker.io/library/nginx:1.25 into ${copied}`, REGISTER, REDEPLOY]],
    ["a cache to be filled",          surveyed(),              plan({ importIntoCache: { target: copied, upstream: "docker.io/library/nginx:1.25" } }), [`have ECR fetch docker.io/library/nginx:1.25 into ${copied}`, REGISTER, REDEPLOY]],
    ["an account for the tasks",      surveyed(),              plan({ candidate: { strategy: "authenticated-pull", image: "nginx:1.25", secret: "arn:hub", samePublisher: false } }), [`register a revision of web:42 in which web keeps nginx:1.25 and signs in with arn:hub (same-platform as ${DIGEST})`, REDEPLOY]],
    ["a task, for its next start",    surveyed(task("register")), plan({}),                          [REGISTER]],
    ["a task, once more",             surveyed(task("run")),   plan({}),                             [REGISTER, "run the task 77 once more with it"]],
    ["a schedule, and its run",       surveyed(task("move-and-run")), plan({}),                      [REGISTER, expect.stringMatching(/^point .*nightly.* at it, where it is still at web:42$/), "run the task 77 once more with it"]],
    ["a schedule that follows by itself", surveyed(task("move", `${ARN}:task-definition/job`)), plan({}), [REGISTER]],
  ];
  for (const [because, survey, image, writes] of table)
    test(because, () =>
      expect(plannedChanges(survey, [image]).map(({ sentence }) => sentence)).toEqual(writes),
    );
});

describe("a yes to a plan with a copy in it", () => {
  const approved = new Set(plannedChanges(surveyed(), [plan({ copy })]).map(({ hash }) => hash));
  const isCovered = (survey: Survey, image: ImagePlan): boolean =>
    plannedChanges(survey, [image]).every(({ hash }) => approved.has(hash));

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [because: string, Survey, ImagePlan, boolean])[] = [
    ["the copy is made by now, under a digest of its own",  surveyed(), plan({ digest: DIGEST }), true],
    ["the same copy is still to be made, with fewer pulls", surveyed(), plan({ copy, quota: "3 of 100 pulls left" }), true],
    ["the tag has other bytes by now",                      surveyed(), plan({}, OTHER), false],
    ["the proof is another one",                            surveyed(), plan({ proof: "same-publisher" }), false],
    ["the copy would come from somewhere else",             surveyed(), plan({ copy: { ...copy, source: "public.ecr.aws/docker/library/nginx:1.25" } }), false],
    ["it would run from another place",                     surveyed(), plan({ candidate: { strategy: "ecr-copy", image: `${ECR}/other/nginx:1.25`, samePublisher: false } }), false],
    ["its tasks would get an execution role",               surveyed({ executionRole: "arn:aws:iam::123456789012:role/lent" }), plan({ writes: `${ECR}/repull/nginx@${OTHER}` }), false],
    ["the same copy by now, and a role that was shown",     surveyed(), plan({ digest: DIGEST }), true],
    ["a service of the same name in another cluster",       surveyed({ clusterArn: `${ARN}:cluster/stage` }), plan({}), false],
    ["another revision fails",                              surveyed({ failingRevision: `${ARN}:task-definition/web:43` }), plan({}), false],
  ];
  for (const [because, survey, image, covered] of table)
    test(`${covered ? "covers it" : "does not cover it"}: ${because}`, () =>
      expect(isCovered(survey, image)).toBe(covered));
});
