/**
 * What a pull-through cache rule makes of an image that is not in ECR yet: the pull brings it there, where the role may make
 * the repository and import the image. (AmazonECR, error-pullthroughcache.html and pull-through-cache-iam.html, read 2026-11)
 */

import { parseArn } from "../../ecs/arn.ts";
import { getObjects, getString } from "../../ecs/json-fields.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { regionOf, type Scene } from "../scene.ts";
import { failed, notChecked, type StartCheck } from "./check.ts";
import { pullerOf } from "./pull-role-checks.ts";
import { askResourcePolicy, type ResourcePolicyAnswer } from "./resource-policy.ts";
import { mayDo } from "./role-checks.ts";

const RULE = "image.ptc-rule";

type Missing = {
  readonly image: string;
  readonly repository: string;
  readonly region: string;
  readonly account: string;
  readonly isRepositoryThere: boolean;
};

/** Undefined: no rule takes the repository, and what is missing is missing. */
export async function cacheRuleChecks(
  missing: Missing,
  scene: Scene,
): Promise<readonly StartCheck[] | undefined> {
  const { repository, region, account } = missing;
  const input = { registryId: account };
  const found = await scene.reads.read("ecr.DescribePullThroughCacheRules", input, region);
  // Most accounts have none: where that may not be read, only the name shows it.
  const rules = found.kind === "answer" ? getObjects(found.answer, "pullThroughCacheRules") : [];
  const rule = rules.find((one) => takes(getString(one, "ecrRepositoryPrefix") ?? "", repository));
  if (rule === undefined) return undefined;
  const upstream = getString(rule, "upstreamRegistryUrl") ?? "its upstream";
  const own = {
    id: RULE,
    result: "not sure" as const,
    because: `a pull-through cache rule brings ${repository} from ${upstream}: whether that has ${missing.image} is not seen`,
  };
  const checks = await Promise.all([secretCheck(rule, scene), rightCheck(missing, scene)]);
  return [own, ...checks.flat()];
}

function takes(prefix: string, repository: string): boolean {
  return prefix === "ROOT" || repository.startsWith(`${prefix}/`);
}

async function secretCheck(rule: JsonObject, scene: Scene): Promise<readonly StartCheck[]> {
  const id = "registry-credentials.ptc-secret";
  const secret = getString(rule, "credentialArn");
  if (secret === undefined) return [];
  const input = { SecretId: secret };
  const found = await scene.reads.read("secretsmanager.DescribeSecret", input, regionOf(secret, scene));
  if (found.kind === "unread")
    return [notChecked(id, found, ["secretsmanager.DescribeSecret", input, regionOf(secret, scene)])];
  if (found.kind === "answer" && found.answer.DeletedDate === undefined) return [];
  const because = `the secret of the rule, ${secret}, ${found.kind === "absent" ? "is not there" : "is marked for deletion"}`;
  return [failed(id, because, "pull-through-cache-credentials-refused", { secret })];
}

/** The registry's own policy may allow it as well as the role's. */
async function rightCheck(
  { repository, region, account, isRepositoryThere }: Missing,
  scene: Scene,
): Promise<readonly StartCheck[]> {
  const role = await pullerOf(scene);
  if (typeof role !== "string") return role;
  const action = isRepositoryThere ? "ecr:BatchImportUpstreamImage" : "ecr:CreateRepository";
  const resource = `arn:${parseArn(role)?.partition ?? "aws"}:ecr:${region}:${account}:repository/${repository}`;
  const found = await scene.reads.read("ecr.GetRegistryPolicy", {}, region);
  if (found.kind === "unread")
    return [notChecked("registry.policy", found, ["ecr.GetRegistryPolicy", {}, region])];
  const text = found.kind === "answer" ? getString(found.answer, "policyText") : undefined;
  const said: ResourcePolicyAnswer | undefined =
    text === undefined ? undefined : askResourcePolicy(text, { role, action, resource });
  const code = isRepositoryThere
    ? "pull-through-cache-may-not-fill"
    : "pull-through-cache-may-not-create-repository";
  return [
    await mayDo(
      role,
      { id: "role.ptc-create", actions: [action], resource, code, hasOwnPolicy: true, said },
      scene,
    ),
  ];
}
