/** Whether the secrets and parameters of a start are there, and their references are of a form that ECS takes. No value is read. */

import { parseArn } from "../../ecs/arn.ts";
import { getObject, getObjects, getString } from "../../ecs/json-fields.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { containersOf, executionRoleOf, isUnknown, regionOf, type Scene } from "../scene.ts";
import { failed, notApplicable, notChecked, passed, type StartCheck, unknown } from "./check.ts";
import { policyCheck } from "./policy-check.ts";
import { askResourcePolicy } from "./resource-policy.ts";
import { mayDo, type Need, nameOf } from "./role-checks.ts";
import { keyChecks } from "./roles/key-checks.ts";

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
function secretArn(valueFrom: string): string {
  return valueFrom.startsWith("arn:") ? valueFrom.split(":").slice(0, 7).join(":") : valueFrom;
}

function isOfOther(arn: string, { account }: Scene): boolean {
  const own = parseArn(arn)?.account;
  return own !== undefined && account !== undefined && own !== account;
}

export async function secretChecks(scene: Scene): Promise<readonly StartCheck[]> {
  if (isUnknown(scene.definition)) return [];
  const secrets = secretsOf(scene);
  if (secrets.length === 0) return [notApplicable("secret.exists", "the containers refer to no secret")];
  const checks = await Promise.all(secrets.slice(0, SECRETS_MAX).map((one) => secretCheck(one, scene)));
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
  if (isOfOther(arn, scene))
    return [unknown(id, `${arn} is of another account: only that account can show it`)];
  const found = await scene.reads.read("secretsmanager.DescribeSecret", input, region);
  const role = executionRoleOf(scene);
  const checks: StartCheck[] = [];
  let resource = arn;
  let tags: Tags = {};
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
    tags = tagsOf(found.answer);
    checks.push(passed(id, `${arn} is there`, ["secret-missing"]));
    const stage = stageCheck(need, arn, found.answer);
    if (stage !== undefined) return [...checks, stage];
    const key = getString(found.answer, "KmsKeyId");
    if (key !== undefined && !key.endsWith("alias/aws/secretsmanager"))
      checks.push(...(await keyChecks({ key, region, service: "secretsmanager" }, role, scene)));
  }
  if (role === undefined) return checks;
  const code = need.isCredentials
    ? "registry-credentials-secret-not-readable"
    : "execution-role-may-not-read-secret";
  const action = "secretsmanager:GetSecretValue";
  const policy = await scene.reads.read("secretsmanager.GetResourcePolicy", input, region);
  const own = policy.kind === "answer" ? getString(policy.answer, "ResourcePolicy") : undefined;
  const said = own === undefined ? undefined : askResourcePolicy(own, { role, action, resource });
  const params = { role: nameOf(role), action, resource, policy: "resource-based policy" };
  if (policy.kind === "unread")
    checks.push(notChecked("secret.policy", policy, ["secretsmanager.GetResourcePolicy", input, region]));
  else checks.push(policyCheck("secret.policy", `the policy of ${arn}`, said, code, params));
  const asked: Need = {
    id: "role.exec.secret",
    actions: [action],
    resource,
    code,
    hasOwnPolicy: true,
    said,
    ...tags,
  };
  return [...checks, await mayDo(role, asked, scene)];
}

type Tags = Pick<Need, "context" | "lacks">;
const TAGS_MAX = 25;

/** A role may be allowed what has a certain tag only: the secret's own are known, and those that it has not, too. */
function tagsOf(described: JsonObject): Tags {
  const tags = getObjects(described, "Tags")
    .slice(0, TAGS_MAX)
    .flatMap((one) => {
      const [key, value = ""] = [getString(one, "Key"), getString(one, "Value")];
      return key === undefined
        ? []
        : ["aws", "secretsmanager"].map((prefix) => [`${prefix}:ResourceTag/${key}`, value] as const);
    });
  return {
    ...(tags.length === 0 ? {} : { context: Object.fromEntries(tags) }),
    lacks: { keys: /^(?:aws|secretsmanager):ResourceTag\//i, id: "secret.tags-condition" },
  };
}

/** `ARN:json-key:version-stage:version-id`: the stage that is asked for, or else the current one, has to be on a version. */
function stageCheck({ valueFrom }: SecretNeed, arn: string, described: JsonObject): StartCheck | undefined {
  const [, stage = "", version = ""] = valueFrom.slice(arn.length + 1).split(":");
  const versions = getObject(described, "VersionIdsToStages");
  if (versions === undefined) return undefined;
  const isThere =
    version === ""
      ? Object.values(versions).some((one) => Array.isArray(one) && one.includes(stage || "AWSCURRENT"))
      : Object.hasOwn(versions, version);
  if (isThere) return undefined;
  const wanted = version === "" ? `the version stage ${stage || "AWSCURRENT"}` : `the version ${version}`;
  return failed("secret.version-stage", `${arn} has no value under ${wanted}`, "secret-has-no-value", {
    secret: arn,
    stage: version === "" ? stage || "AWSCURRENT" : version,
  });
}

async function storedParameter(reference: string, scene: Scene): Promise<readonly StartCheck[]> {
  const arn = parseArn(reference);
  const region = regionOf(reference, scene);
  const path = arn?.resource.replace(/^parameter/, "");
  if (isOfOther(reference, scene)) return [unknown("ssm.exists", `${reference} is of another account`)];
  const written = path === undefined ? reference : path.lastIndexOf("/") > 0 ? path : path.slice(1);
  // A version or a label may follow it.
  const name = written.replace(/:[\w.-]+$/, "");
  const input = { ParameterFilters: [{ Key: "Name", Values: [name] }] };
  const found = await scene.reads.read("ssm.DescribeParameters", input, region);
  const checks: StartCheck[] = [];
  if (found.kind === "unread")
    checks.push(notChecked("ssm.exists", found, ["ssm.DescribeParameters", input, region]));
  else if (/^\/aws\/reference\//.test(name)) checks.push(unknown("ssm.exists", `${name} refers to a secret`));
  else {
    const own =
      found.kind === "answer"
        ? getObjects(found.answer, "Parameters").find((one) => getString(one, "Name") === name)
        : undefined;
    if (own === undefined)
      return [
        failed("ssm.exists", `there is no parameter ${name} in ${region}`, "parameter-missing", {
          parameter: name,
          region,
        }),
      ];
    checks.push(passed("ssm.exists", `the parameter ${name} is there`, ["parameter-missing"]));
    const key = getString(own, "KeyId");
    // Of AWS's own key each principal of the account may decrypt by way of Systems Manager.
    if (getString(own, "Type") === "SecureString" && key !== undefined && !key.endsWith("alias/aws/ssm"))
      checks.push(...(await keyChecks({ key, region, service: "ssm" }, executionRoleOf(scene), scene)));
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
