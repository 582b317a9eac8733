/** Whether the secrets and parameters of a start are there, and their references are of a form that ECS takes. No value is read. */

import { parseArn } from "../../ecs/arn.ts";
import { getObject, getObjects, getString, optional } from "../../ecs/json-fields.ts";
import { containersOf, executionRoleOf, regionOf, type Scene } from "../scene.ts";
import { failed, notChecked, passed, type StartCheck, unknown } from "./check.ts";
import { mayDo } from "./role-checks.ts";

export type SecretNeed = {
  readonly name: string;
  readonly valueFrom: string;
  readonly isCredentials: boolean;
};

const SECRETS_MAX = 8;

/** Once for each thing that is referred to, however often. */
export function secretsOf(scene: Scene): readonly SecretNeed[] {
  const all = containersOf(scene).flatMap((container): readonly SecretNeed[] => {
    const credentials = getString(
      getObject(container, "repositoryCredentials") ?? {},
      "credentialsParameter",
    );
    const log = getObject(container, "logConfiguration") ?? {};
    return [
      ...(credentials === undefined
        ? []
        : [{ name: "repositoryCredentials", valueFrom: credentials, isCredentials: true }]),
      ...[...getObjects(container, "secrets"), ...getObjects(log, "secretOptions")].flatMap((one) => {
        const valueFrom = getString(one, "valueFrom");
        return valueFrom === undefined
          ? []
          : [{ name: getString(one, "name") ?? "", valueFrom, isCredentials: false }];
      }),
    ];
  });
  return all.filter(
    (one, index) =>
      all.findIndex((other) => secretArn(other.valueFrom) === secretArn(one.valueFrom)) === index,
  );
}

/** `ARN:json-key:version-stage:version-id`: the ARN alone. (AmazonECS/…/secrets-envvar-secrets-manager.html) */
export function secretArn(valueFrom: string): string {
  return valueFrom.startsWith("arn:") ? valueFrom.split(":").slice(0, 7).join(":") : valueFrom;
}

function isOfOther(arn: string, { account }: Scene): boolean {
  const own = parseArn(arn)?.account;
  return own !== undefined && account !== undefined && own !== account;
}

export async function secretChecks(scene: Scene): Promise<readonly StartCheck[]> {
  const checks = await Promise.all(
    secretsOf(scene)
      .slice(0, SECRETS_MAX)
      .map((one) => secretCheck(one, scene)),
  );
  return checks.flat();
}

async function secretCheck(need: SecretNeed, scene: Scene): Promise<readonly StartCheck[]> {
  const arn = secretArn(need.valueFrom);
  const service = parseArn(arn)?.service;
  if (arn.startsWith("arn:") && service !== "secretsmanager" && service !== "ssm")
    return [
      failed("taskdef.secret-reference", `${need.name} refers to ${arn}`, "secret-reference-invalid", {
        secret: need.name,
      }),
    ];
  return service === "secretsmanager"
    ? await storedSecret(need, arn, scene)
    : await storedParameter(arn, scene);
}

async function storedSecret(need: SecretNeed, arn: string, scene: Scene): Promise<readonly StartCheck[]> {
  const region = regionOf(arn, scene);
  const input = { SecretId: arn };
  const id = need.isCredentials ? "registry-credentials.secret" : "secret.exists";
  if (isOfOther(arn, scene)) return [unknown(id, `${arn} is of another account: only that account can tell`)];
  const found = await scene.reads.read("secretsmanager.DescribeSecret", input, region);
  const checks: StartCheck[] = [];
  let resource = arn;
  if (found.kind === "unread")
    checks.push(notChecked(id, found, ["secretsmanager.DescribeSecret", input, region]));
  else if (found.kind === "absent")
    return [failed(id, `there is no secret ${arn} in ${region}`, "secret-missing", { secret: arn, region })];
  else if (!(getString(found.answer, "ARN") ?? arn).startsWith(arn))
    return [unknown(id, `${arn} is not recorded`)];
  else if (found.answer.DeletedDate !== undefined)
    return [
      failed(id, `${arn} is marked for deletion`, "secret-missing", { secret: arn, region, deleted: "yes" }),
    ];
  else {
    resource = getString(found.answer, "ARN") ?? arn;
    checks.push(passed(id, `${arn} is there`, ["secret-missing"]));
    const key = getString(found.answer, "KmsKeyId");
    if (key !== undefined && !key.endsWith("alias/aws/secretsmanager"))
      checks.push(await keyCheck(key, region, scene));
  }
  const role = executionRoleOf(scene);
  if (role === undefined) return checks;
  const code = need.isCredentials
    ? "registry-credentials-secret-not-readable"
    : "execution-role-may-not-read-secret";
  const judged = await mayDo(
    role,
    {
      id: "role.exec.secret",
      actions: ["secretsmanager:GetSecretValue"],
      resource,
      code,
      hasOwnPolicy: true,
    },
    scene,
  );
  return [...checks, judged];
}

async function keyCheck(key: string, region: string, scene: Scene): Promise<StartCheck> {
  const input = { KeyId: key };
  const found = await scene.reads.read("kms.DescribeKey", input, region);
  if (found.kind === "unread") return notChecked("kms.key-state", found, ["kms.DescribeKey", input, region]);
  if (found.kind === "absent")
    return failed("kms.key-state", `KMS in ${region} has no ${key}`, "key-not-usable", {
      key,
      state: "gone",
    });
  const metadata = getObject(found.answer, "KeyMetadata") ?? {};
  const names = [getString(metadata, "Arn"), getString(metadata, "KeyId")].filter((one) => one !== undefined);
  if (names.length > 0 && !key.includes("alias/") && !names.some((one) => key.endsWith(one)))
    return unknown("kms.key-state", `${key} is not recorded`);
  const state = getString(metadata, "KeyState") ?? "Enabled";
  return state === "Enabled"
    ? passed("kms.key-state", `the key ${key} is enabled`, ["key-not-usable"])
    : failed("kms.key-state", `the key ${key} is ${state}`, "key-not-usable", { key, state, region });
}

async function storedParameter(reference: string, scene: Scene): Promise<readonly StartCheck[]> {
  const arn = parseArn(reference);
  const region = regionOf(reference, scene);
  const path = arn?.resource.replace(/^parameter/, "");
  if (isOfOther(reference, scene)) return [unknown("ssm.exists", `${reference} is of another account`)];
  const written = path === undefined ? reference : path.lastIndexOf("/") > 0 ? path : path.slice(1);
  // A version or a label may stand behind it.
  const name = written.replace(/:[\w.-]+$/, "");
  const input = { ParameterFilters: [{ Key: "Name", Values: [name] }] };
  const found = await scene.reads.read("ssm.DescribeParameters", input, region);
  const checks: StartCheck[] = [];
  if (found.kind === "unread")
    checks.push(notChecked("ssm.exists", found, ["ssm.DescribeParameters", input, region]));
  else if (/^\/aws\/reference\//.test(name)) checks.push(unknown("ssm.exists", `${name} refers to a secret`));
  else {
    const names =
      found.kind === "answer"
        ? getObjects(found.answer, "Parameters").map((one) => getString(one, "Name"))
        : [];
    if (!names.includes(name))
      return [
        failed("ssm.exists", `there is no parameter ${name} in ${region}`, "parameter-missing", {
          parameter: name,
          region,
        }),
      ];
    checks.push(passed("ssm.exists", `the parameter ${name} is there`, ["parameter-missing"]));
  }
  const role = executionRoleOf(scene);
  if (role === undefined) return checks;
  const account = scene.account ?? parseArn(role)?.account ?? "";
  const partition = parseArn(role)?.partition ?? "aws";
  const resource =
    arn === undefined
      ? `arn:${partition}:ssm:${region}:${account}:parameter/${name.replace(/^\//, "")}`
      : reference;
  const judged = await mayDo(
    role,
    {
      id: "role.exec.ssm",
      actions: ["ssm:GetParameters"],
      resource,
      code: "execution-role-may-not-read-parameter",
      hasOwnPolicy: false,
    },
    scene,
  );
  return [...checks, judged];
}

export function logsOf(scene: Scene) {
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
  const logs = logsOf(scene);
  const distinct = logs.filter(
    (one, index) =>
      logs.findIndex(({ group, region }) => group === one.group && region === one.region) === index,
  );
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
