/** What lies outside the account: Docker Hub's account and quota, and what ECR itself can fetch from there. */

import { isDockerHubFront } from "../../image/registry-hosts.ts";
import { formatPulls } from "../../oci/client/rate-limit.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { type Check, failed, listed, passed, refused, skipped } from "./check.ts";
import { deployedFunction, type Functions, observes, type StackUnderTest } from "./stack-under-test.ts";

export async function registryChecks(
  functions: Functions,
  tested: StackUnderTest,
): Promise<readonly Check[]> {
  const secret = deployedFunction(functions, "remediate")?.environment.REPULL_DOCKER_HUB_SECRET || undefined;
  return [
    await secretCheck(secret, functions, tested),
    ...(await cacheChecks(functions, tested)),
    await quotaCheck("Docker Hub quota", undefined, tested),
    ...(secret === undefined ? [] : [await quotaCheck("quota of the account", secret, tested)]),
  ];
}

async function secretCheck(
  secret: string | undefined,
  functions: Functions,
  { secretKeys }: StackUnderTest,
): Promise<Check> {
  const check = "Docker Hub secret";
  const remediate = deployedFunction(functions, "remediate");
  if (remediate === undefined) return skipped(check, "remediate was not found");
  if (secret === undefined)
    return passed(
      check,
      "none is configured: Repull asks Docker Hub anonymously, and authenticated-pull is not offered",
    );
  try {
    const keys = await secretKeys(secret);
    const has = (key: string) => keys.includes(key);
    if (!has("username") || !(has("password") || has("accessToken")))
      return failed(
        check,
        `it has ${keys.length === 0 ? "none of the keys that it needs" : `only ${keys.join(", ")}`}`,
        "write it as docs/policy.md#a-docker-hub-account says: username, password and accessToken",
      );
    if (!has("password"))
      return failed(
        check,
        "it has no password, the key that ECS reads: tasks cannot sign in with it",
        "add password with the same token; without it, take authenticated-pull out of the policy's strategies",
      );
    return passed(check, `it can be read, and has ${keys.join(", ")}`);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.kind === "absent")
      return failed(check, "there is no such secret", "make it, or empty the stack's DockerHubSecretArn");
    // Not a word of it is repeated: what could not be understood may be the secret itself.
    if (error.kind === "invalid")
      return failed(
        check,
        "it is not a JSON object, or is about to be deleted",
        "write it as docs/policy.md#a-docker-hub-account says",
      );
    return refused(check, error);
  }
}

/** Each rule that leads to Docker Hub: ECR tries it, and IAM says whether mirror may fill what it leads to. */
async function cacheChecks(
  functions: Functions,
  { cache, roles, home }: StackUnderTest,
): Promise<readonly Check[]> {
  const check = "pull-through rules";
  try {
    const rules = (await cache.pullThroughRules()).filter(({ upstreamHost }) =>
      isDockerHubFront(upstreamHost),
    );
    if (rules.length === 0) return [passed(check, "none leads to Docker Hub")];
    const role = deployedFunction(functions, "mirror")?.roleArn;
    for (const { prefix } of rules) {
      const { isValid, because } = await cache.validateRule(prefix);
      if (!isValid)
        return [
          failed(check, because, "mend the rule's secret, or its key: docs/policy.md#a-docker-hub-account"),
        ];
      if (role === undefined || observes(functions)) continue;
      const path = prefix === "ROOT" ? "library/any" : `${prefix}/library/any`;
      const repository = `arn:${home.partition}:ecr:${home.region}:${home.account}:repository/${path}`;
      const may = await roles.simulate(role, ["ecr:BatchImportUpstreamImage"], repository);
      if (may.kind === "refused")
        return [
          failed(
            check,
            `mirror may not fill ${path}`,
            `add ${repositoriesOf(prefix, home)} to the stack's parameter ReadableRepositoryArns`,
          ),
        ];
    }
    return [passed(check, `ECR reaches Docker Hub by ${listed(rules.map(({ prefix }) => prefix))}`)];
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return [refused(check, error)];
  }
}

function repositoriesOf(prefix: string, { partition, region, account }: StackUnderTest["home"]): string {
  return `arn:${partition}:ecr:${region}:${account}:repository/${prefix === "ROOT" ? "*" : `${prefix}/*`}`;
}

async function quotaCheck(
  check: string,
  secret: string | undefined,
  { quota }: StackUnderTest,
): Promise<Check> {
  try {
    const found = await quota(secret).catch((error: unknown) => {
      // A refusal that brings its numbers is an answer.
      if (error instanceof RegistryError && error.quota !== undefined) return error.quota;
      throw error;
    });
    if (found === undefined)
      return passed(
        check,
        `Docker Hub names no limit for ${secret === undefined ? "this machine" : "the account"}`,
      );
    const { remaining, source } = found;
    const who = source ?? (secret === undefined ? "this machine" : "the account");
    const elsewhere = secret === undefined ? "; the functions and the tasks call from other addresses" : "";
    const words = `${formatPulls(found)} left for ${who}${elsewhere}`;
    if (remaining === undefined) return skipped(check, words);
    return remaining > 0
      ? passed(check, words)
      : failed(check, words, "wait until Docker Hub grants pulls again, or use an account with more");
  } catch (error) {
    if (secret !== undefined && error instanceof RegistryError && error.kind === "unauthorized")
      return failed(check, "Docker Hub refuses the account", "put a token that is valid into the secret");
    return skipped(check, error instanceof Error ? error.message : String(error));
  }
}
