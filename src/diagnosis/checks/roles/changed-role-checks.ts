/**
 * Whether a refusal may be of a moment: IAM takes time to act on a change of a role or a policy, so that a role which was made just
 * before the task is refused what its policies allow. IAM keeps no date of a policy that is written into a role.
 * (IAM, troubleshoot.html, "Changes that I make are not always immediately visible", read 2026-11)
 */

import { parseArn } from "../../../ecs/arn.ts";
import { getMoment, getObject, getObjects, getString } from "../../../ecs/json-fields.ts";
import { judge, simulationOf } from "../../../iam/simulation.ts";
import type { Params } from "../../causes.ts";
import { isUnknown, type Scene } from "../../scene.ts";
import { failed, notChecked, passed, type StartCheck, unknown } from "../check.ts";
import { nameOf } from "../role-checks.ts";

const ID = "iam.just-changed";
const JUST_MILLISECONDS = 5 * 60_000;
const POLICIES_MAX = 5;

/** @param denied what a text says was refused: `role`, `action`, `resource` */
export async function changedRoleCheck(
  { role: name, action, resource }: Params,
  scene: Scene,
): Promise<StartCheck> {
  const began = scene.start.createdAt;
  if (name === undefined || action === undefined) return unknown(ID, "the text names no role and action");
  if (began === undefined) return unknown(ID, "when the task was created is not recorded");
  const input = { RoleName: name };
  const found = await scene.reads.read("iam.GetRole", input);
  if (found.kind === "unread") return notChecked(ID, found, ["iam.GetRole", input, scene.region]);
  const role = found.kind === "answer" ? (getObject(found.answer, "Role") ?? {}) : {};
  const arn = getString(role, "Arn") ?? arnOf(name, scene);
  if (found.kind === "absent" || (getString(role, "RoleName") ?? name) !== name || arn === undefined)
    return unknown(ID, `IAM does not describe ${name}`);
  const listed = await scene.reads.read("iam.ListAttachedRolePolicies", input);
  if (listed.kind === "unread")
    return notChecked(ID, listed, ["iam.ListAttachedRolePolicies", input, scene.region]);
  const policies = (listed.kind === "answer" ? getObjects(listed.answer, "AttachedPolicies") : [])
    .flatMap((one) => getString(one, "PolicyArn") ?? [])
    // AWS's own change seldom, and for every account at once.
    .filter((one) => parseArn(one)?.account !== "aws")
    .slice(0, POLICIES_MAX);
  const dates = await Promise.all(policies.map((one) => changedAt(one, scene)));
  const all = [{ what: `the role ${name}`, at: getMoment(role, "CreateDate") }, ...dates];
  const known = all.flatMap(({ what, at }) => (at === undefined ? [] : [{ what, at }]));
  const newest = known.toSorted((a, b) => b.at - a.at)[0];
  if (newest === undefined) return unknown(ID, `when ${name} was changed is not known`);
  const seconds = Math.round((began - newest.at) / 1000);
  const told = `${newest.what} was changed at ${new Date(newest.at).toISOString()}`;
  if (seconds > JUST_MILLISECONDS / 1000)
    return passed(
      ID,
      `${told}, long before the task; of policies that are written into a role IAM keeps no date`,
    );
  if (!(await mayNow(arn, action, resource, scene)))
    return {
      id: ID,
      result: "not sure",
      because: `${told}, and its policies do not allow ${action} yet, or that is not known`,
    };
  if (seconds < 0)
    return {
      id: ID,
      result: "not sure",
      because: `${told}, after the task: what the text says is mended since, or was never so`,
    };
  const because = `${told}, ${seconds} s before the task, and its policies allow ${action}`;
  return failed(ID, because, "iam-change-not-effective", {
    role: name,
    action,
    what: newest.what,
    seconds: String(seconds),
  });
}

function arnOf(name: string, { definition, account }: Scene): string | undefined {
  const named = isUnknown(definition)
    ? []
    : ["executionRoleArn", "taskRoleArn"].flatMap((member) => getString(definition, member) ?? []);
  const own = named.find((one) => nameOf(one) === name);
  return own ?? (account === undefined ? undefined : `arn:aws:iam::${account}:role/${name}`);
}

async function changedAt(PolicyArn: string, scene: Scene) {
  const what = `the policy ${nameOf(PolicyArn)}`;
  const found = await scene.reads.read("iam.GetPolicy", { PolicyArn });
  const policy = found.kind === "answer" ? (getObject(found.answer, "Policy") ?? {}) : {};
  // A recorded answer may be about another policy.
  if (getString(policy, "Arn") !== PolicyArn) return { what, at: undefined };
  return { what, at: getMoment(policy, "UpdateDate") ?? getMoment(policy, "CreateDate") };
}

async function mayNow(
  role: string,
  action: string,
  resource: string | undefined,
  { reads }: Scene,
): Promise<boolean> {
  const question = { role, actions: [action], resource: resource ?? "*" };
  const found = await reads.read("iam.SimulatePrincipalPolicy", simulationOf(question));
  return found.kind === "answer" && judge(found.answer, question).kind === "allowed";
}
