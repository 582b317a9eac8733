/** Whether the key of a secret, of a parameter or of a volume can be used: its state, and whether its policy lets the role decrypt. */

import { getObject, getString } from "../../../ecs/json-fields.ts";
import { awsDomainOf } from "../../../image/ecr-hosts.ts";
import type { Scene } from "../../scene.ts";
import { failed, notChecked, passed, type StartCheck, unknown } from "../check.ts";
import { policyCheck } from "../policy-check.ts";
import { askResourcePolicy } from "../resource-policy.ts";
import { mayDo, nameOf } from "../role-checks.ts";

export type UsedKey = {
  readonly key: string;
  readonly region: string;
  /** By which the role decrypts. */
  readonly service: "secretsmanager" | "ssm";
};

/** The key's state, and whether its own policy lets the role decrypt: without it, IAM's word does not count. */
export async function keyChecks(
  { key, region, service }: UsedKey,
  role: string | undefined,
  scene: Scene,
): Promise<readonly StartCheck[]> {
  const state = await keyStateCheck(key, region, scene);
  if (role === undefined || state.result === "failed") return [state];
  const input = { KeyId: key, PolicyName: "default" };
  const found = await scene.reads.read("kms.GetKeyPolicy", input, region);
  if (found.kind === "unread")
    return [state, notChecked("kms.key-policy", found, ["kms.GetKeyPolicy", input, region])];
  const text = found.kind === "answer" ? getString(found.answer, "Policy") : undefined;
  const resource = key.startsWith("arn:") ? key : "*";
  const said =
    text === undefined ? undefined : askResourcePolicy(text, { role, action: "kms:Decrypt", resource });
  const params = { role: nameOf(role), action: "kms:Decrypt", resource: key, policy: "key policy" };
  const code = "execution-role-may-not-decrypt";
  if (said === "silent")
    return [
      state,
      failed("kms.key-policy", `the policy of ${key} names neither the role nor its account`, code, params),
    ];
  const own = policyCheck("kms.key-policy", `the policy of ${key}`, said, code, params);
  if (said !== "delegated" || !key.startsWith("arn:")) return [state, own];
  const context = { "kms:ViaService": `${service}.${region}.${awsDomainOf(region)}` };
  const need = {
    id: "role.exec.kms-decrypt",
    actions: ["kms:Decrypt"],
    resource,
    code,
    hasOwnPolicy: false,
    context,
  } as const;
  return [state, own, await mayDo(role, need, scene)];
}

export async function keyStateCheck(key: string, region: string, scene: Scene): Promise<StartCheck> {
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
