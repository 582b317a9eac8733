/**
 * Whether the tasks of this account may pull the copies that another account keeps: the roles' own policies say one half, the policy
 * of the repository or the registry there the other, and both have to allow it.
 * (IAM, reference_policies_evaluation-logic-cross-account.html, read 2026-11)
 *
 * A key there is no third half: ECR decrypts by grants of its own, and who pulls needs no right to it
 * (AmazonECR/latest/userguide/encryption-at-rest.html, read 2026-11). What a key can do is to be gone, where copies are made.
 */

import type { OtherRepository } from "../../aws/registry/other-repositories.ts";
import { askResourcePolicy } from "../../diagnosis/checks/resource-policy.ts";
import { ecrHost } from "../../image/ecr-hosts.ts";
import { tryParseReference } from "../../image/reference.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { type Policy, policyFrom } from "../../substitution/policy/policy.ts";
import { candidatesOf } from "../../substitution/strategies/candidates-of.ts";
import { type Check, failed, listed, passed, refused, skipped } from "./check.ts";
import { deployedFunction, type Functions, observes, type StackUnderTest } from "./stack-under-test.ts";

const CENTRAL = "central copies";
const KEY = "key of the copies";
/** Of all that services use: the most pulled come first, and they share their policies. */
const REPOSITORIES_MAX = 10;
const ROLES_MAX = 10;
const PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"] as const;
const PAGE = "docs/accounts.md#the-central-account";

type Pull = OtherRepository & { readonly arn: string; readonly roles: readonly string[] };

/** None where no copies of another account are named, and no key. */
export async function centralCopiesChecks(
  functions: Functions,
  tested: StackUnderTest,
): Promise<readonly Check[]> {
  const remediate = deployedFunction(functions, "remediate");
  if (remediate === undefined) return [];
  try {
    const policy = await policyIn(remediate.environment, tested);
    // What is wrong with the document, its own check says.
    if (policy === undefined) return [];
    const { kmsKey } = policy.mirrors;
    return [
      ...(policy.mirrors.additionalRepositories.some((place) => isOthers(place, tested.home))
        ? [await centralCheck(policy, remediate.roleArn, functions, tested)]
        : []),
      ...(kmsKey === undefined ? [] : [await keyCheck(kmsKey, tested)]),
    ];
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return [refused(CENTRAL, error)];
  }
}

async function policyIn(
  environment: Readonly<Record<string, string | undefined>>,
  { policyDocument }: StackUnderTest,
): Promise<Policy | undefined> {
  const parameter = environment.REPULL_POLICY_PARAMETER;
  if (!parameter) return undefined;
  try {
    return policyFrom(environment, await policyDocument(parameter));
  } catch {
    return undefined;
  }
}

function isOthers(place: string, { account, region }: StackUnderTest["home"]): boolean {
  const host = place.split("/", 1)[0] ?? "";
  return registryOf(host).kind === "ecr" && host !== ecrHost(account, region);
}

async function centralCheck(
  policy: Policy,
  ours: string | undefined,
  functions: Functions,
  tested: StackUnderTest,
): Promise<Check> {
  const pulls = pullsOf(policy, await tested.pullsInUse(), tested.home).slice(0, REPOSITORIES_MAX);
  if (pulls.length === 0)
    return passed(CENTRAL, "no service runs an image that a central account could keep");
  const roles = [...new Set(pulls.flatMap((pull) => pull.roles))].slice(0, ROLES_MAX);
  const closed: Pull[] = [];
  const open: Pull[] = [];
  for (const pull of pulls) {
    const answer = await askCentral(pull, roles, tested);
    if (typeof answer !== "string") return answer;
    if (answer === "open") open.push(pull);
    else if (answer === "closed") closed.push(pull);
  }
  const namesOf = (some: readonly Pull[]): string => listed(some.map(({ name }) => name));
  const [refusing] = closed;
  if (open.length === 0 && refusing !== undefined)
    return failed(
      CENTRAL,
      `account ${refusing.account} refuses this caller's pull from ${namesOf(closed.filter(({ account }) => account === refusing.account))}: its policies allow this account nothing there, or it has no such repository`,
      `let this account pull there: ${PAGE}`,
    );
  if (open.length === 0)
    return passed(CENTRAL, `account ${pulls[0]?.account} has no copy of what services run`);
  const own = observes(functions) ? [] : ours === undefined ? [] : [ours];
  const forbidden = await identityCheck([...own, ...roles], ours, open, tested);
  if (forbidden !== undefined) return forbidden;
  const others = closed.length === 0 ? "" : `; closed or absent: ${namesOf(closed)}`;
  return passed(
    CENTRAL,
    `the tasks' roles may pull ${open.length} of ${pulls.length} repositories there${others}`,
  );
}

/** The repositories of other accounts that may have the images that run, with the roles that would pull there. */
function pullsOf(
  policy: Policy,
  inUse: Awaited<ReturnType<StackUnderTest["pullsInUse"]>>,
  home: StackUnderTest["home"],
): readonly Pull[] {
  const own = ecrHost(home.account, home.region);
  const found = inUse.flatMap(({ image, role }) => {
    const reference = tryParseReference(image);
    if (reference === undefined) return [];
    const offered = candidatesOf("ecr-copy", reference, { policy, ecrHost: own, rules: [], signedIn: false });
    if ("because" in offered) return [];
    return offered.flatMap((candidate) => {
      const place = tryParseReference(candidate.image);
      const registry = place && registryOf(place.host);
      if (place === undefined || registry?.kind !== "ecr" || place.host === own) return [];
      const { account, region, partition } = registry;
      const arn = `arn:${partition}:ecr:${region}:${account}:repository/${place.path}`;
      return [{ account, region, name: place.path, arn, role }];
    });
  });
  return [...Map.groupBy(found, ({ arn }) => arn).values()].flatMap((of) => {
    const [first] = of;
    return first === undefined ? [] : [{ ...first, roles: [...new Set(of.map(({ role }) => role))] }];
  });
}

/** `absent`: the account has no such repository. What neither proves is a check that was not made. */
async function askCentral(
  pull: Pull,
  roles: readonly string[],
  { repositories }: StackUnderTest,
): Promise<"open" | "closed" | "absent" | Check> {
  const said = await policySays(pull, roles, repositories);
  if (said !== "unknown") return said;
  try {
    await repositories.tryPull(pull);
    return "open";
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.kind === "absent") return "absent";
    // AWS names the half that refuses: IAM, troubleshoot_access-denied.html (read 2026-11).
    if (error.kind === "denied" && /resource-based policy/.test(error.message)) return "closed";
    return refused(CENTRAL, error);
  }
}

/** The policy of a repository is seldom readable from elsewhere. It can deny; where it is silent, that of the registry may allow. */
async function policySays(
  pull: Pull,
  roles: readonly string[],
  repositories: StackUnderTest["repositories"],
): Promise<"open" | "closed" | "absent" | "unknown"> {
  let text: string | undefined;
  try {
    text = await repositories.policy(pull);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return error.kind === "absent" ? "absent" : "unknown";
  }
  if (text === undefined) return "unknown";
  const policy = text;
  const answers = roles.flatMap((role) =>
    PULL.map((action) => askResourcePolicy(policy, { role, action, resource: pull.arn })),
  );
  if (answers.includes("denied")) return "closed";
  return answers.every((answer) => answer === "allowed" || answer === "delegated") ? "open" : "unknown";
}

/** What the roles' own policies refuse, of each account and prefix one repository; undefined: nothing. */
async function identityCheck(
  roles: readonly string[],
  ours: string | undefined,
  pulls: readonly Pull[],
  tested: StackUnderTest,
): Promise<Check | undefined> {
  for (const [pattern, [first]] of Map.groupBy(pulls, patternOf))
    for (const role of roles) {
      const arn = first?.arn ?? pattern;
      const answer = await tested.roles.simulate(role, PULL, arn);
      if (answer.kind === "unknown")
        return skipped(CENTRAL, answer.because, "allow yourself iam:SimulatePrincipalPolicy");
      if (answer.kind === "refused")
        return failed(
          CENTRAL,
          `${role} may not ${answer.action} on ${arn}`,
          role === ours
            ? `add ${pattern} to the stack's parameter ReadableRepositoryArns`
            : `allow ${PULL.join(", ")} on ${pattern} to that role`,
        );
    }
  return undefined;
}

/** `…:repository/repull/*`: what all copies have in common is the first part of their names. */
function patternOf({ arn, name }: Pull): string {
  return `${arn.slice(0, arn.length - name.length)}${name.split("/", 1)[0]}/*`;
}

async function keyCheck(key: string, { keyState }: StackUnderTest): Promise<Check> {
  try {
    const state = await keyState(key);
    return state === "Enabled"
      ? passed(KEY, `${key} is enabled`)
      : failed(
          KEY,
          `${key} is ${state ?? "in no known state"}: no copy under it can be made, or pulled by any account`,
          "enable the key, or cancel its deletion; or name another one in the policy's mirrors.kmsKey",
        );
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return error.kind === "absent"
      ? failed(KEY, `there is no key ${key}`, "name one that exists in the policy's mirrors.kmsKey")
      : refused(KEY, error);
  }
}
