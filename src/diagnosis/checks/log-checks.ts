/** Whether the log group of a start is there, or may be made, and the role may write to it. */

import { parseArn } from "../../ecs/arn.ts";
import { getObject, getObjects, getString, optional } from "../../ecs/json-fields.ts";
import { containersOf, executionRoleOf, isUnknown, type Scene } from "../scene.ts";
import { failed, notApplicable, notChecked, passed, type StartCheck, unknown } from "./check.ts";
import { mayDo } from "./role-checks.ts";

function logsOf(scene: Scene) {
  return containersOf(scene).flatMap((container) => {
    const log = getObject(container, "logConfiguration") ?? {};
    const options = getObject(log, "options") ?? {};
    if (getString(log, "logDriver") !== "awslogs") return [];
    return [
      {
        ...optional("group", getString(options, "awslogs-group")),
        region: getString(options, "awslogs-region") ?? scene.region,
        isCreated: getString(options, "awslogs-create-group") === "true",
      },
    ];
  });
}

const REGION = /^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/;

export async function logChecks(scene: Scene): Promise<readonly StartCheck[]> {
  if (isUnknown(scene.definition)) return [];
  const logs = logsOf(scene);
  const distinct = logs.filter(
    (one, index) =>
      logs.findIndex(({ group, region }) => group === one.group && region === one.region) === index,
  );
  if (distinct.length === 0) return [notApplicable("log.group", "no container logs by awslogs")];
  const checks = await Promise.all(distinct.map((one) => logCheck(one, scene)));
  return checks.flat();
}

async function logCheck(
  { group, region, isCreated }: ReturnType<typeof logsOf>[number],
  scene: Scene,
): Promise<readonly StartCheck[]> {
  if (!REGION.test(region))
    return [failed("log.region", `awslogs-region is ${region}`, "log-region-invalid", { region })];
  if (group === undefined) return [unknown("log.group", "the log configuration names no group")];
  const role = executionRoleOf(scene);
  const account = scene.account ?? parseArn(role ?? "")?.account ?? "";
  const resource = `arn:${parseArn(role ?? "")?.partition ?? "aws"}:logs:${region}:${account}:log-group:${group}`;
  const may = (
    actions: readonly string[],
    on: string,
    code: "execution-role-may-not-write-logs" | "execution-role-may-not-create-log-group",
  ) =>
    role === undefined || scene.pulledBy === "instance"
      ? []
      : [mayDo(role, { id: "role.exec.logs", actions, resource: on, code, hasOwnPolicy: false }, scene)];
  const input = { logGroupNamePrefix: group };
  const found = await scene.reads.read("logs.DescribeLogGroups", input, region);
  const written = may(
    ["logs:CreateLogStream", "logs:PutLogEvents"],
    `${resource}:*`,
    "execution-role-may-not-write-logs",
  );
  if (found.kind === "unread")
    return [
      notChecked("log.group", found, ["logs.DescribeLogGroups", input, region]),
      ...(await Promise.all(written)),
    ];
  const isThere =
    found.kind === "answer" &&
    getObjects(found.answer, "logGroups").some((one) => getString(one, "logGroupName") === group);
  if (isThere)
    return [
      passed("log.group", `the log group ${group} is in ${region}`, [
        "log-group-missing",
        "execution-role-may-not-create-log-group",
      ]),
      ...(await Promise.all(written)),
    ];
  if (!isCreated)
    return [
      failed("log.group", `CloudWatch Logs in ${region} has no log group ${group}`, "log-group-missing", {
        logGroup: group,
        region,
      }),
    ];
  return await Promise.all([
    ...may(["logs:CreateLogGroup"], resource, "execution-role-may-not-create-log-group"),
    ...written,
  ]);
}
