/**
 * Whether the roles that pull, and read a secret, may do so, as far as IAM simulates it.
 *
 * On Fargate the execution role pulls from ECR. On EC2 the instance's profile does, unless the definition has an execution
 * role and ECS asks the agent to pull by that (`ecs.capability.execution-role-ecr-pull`).
 */

import { notChecked } from "../../../assessment/checks.ts";
import { parseArn } from "../../../ecs/arn.ts";
import { ECR_PULL_ACTIONS } from "../../../iam/simulation.ts";
import { awsDomainOf } from "../../../image/ecr-hosts.ts";
import { isUnread } from "../../../network/facts.ts";
import type { Check } from "../../../substitution/candidate.ts";
import type { Ports } from "../../ports/ports.ts";
import type { PullIdentity } from "./pull-identity.ts";

/** Different profiles in one cluster are rare; each costs three calls. */
const PROFILES_MAX = 5;

/** @param repository its ARN */
export async function mayPull(
  repository: string,
  puller: PullIdentity,
  ports: Pick<Ports, "roles" | "networks">,
): Promise<Check> {
  const { launchType, executionRole, pullsByExecutionRole } = puller;
  if (launchType === "FARGATE" && executionRole === undefined) {
    // ECS refuses such a revision: "Fargate requires task definition to have execution role ARN to support ECR images."
    return {
      what: "role",
      result: "failed",
      code: "no-execution-role",
      because: "a Fargate task without an execution role cannot pull from ECR",
    };
  }
  const byExecution =
    executionRole === undefined
      ? undefined
      : await rolePulls(executionRole, "the execution role", repository, ports);
  if (byExecution !== undefined && (launchType === "FARGATE" || pullsByExecutionRole)) return byExecution;
  const byInstances = await instancesPull(repository, puller, ports);
  if (byExecution === undefined || byExecution.result === byInstances.result) return byInstances;
  // ECS does not report it for a revision that is not registered yet.
  const found = [byInstances, byExecution].map(({ because }) => because).join("; ");
  return notChecked("role", `${found}; which of the two roles pulls is known once ECS has the revision`);
}

async function instancesPull(
  repository: string,
  { clusterArn }: PullIdentity,
  ports: Pick<Ports, "roles" | "networks">,
): Promise<Check> {
  const instances = await ports.networks.instances(clusterArn);
  if (isUnread(instances)) return notChecked("role", instances.because);
  const profiles = [...new Set(instances.flatMap(({ profile }) => profile ?? []))];
  if (profiles.length === 0)
    return notChecked("role", "the cluster has no EC2 container instance with an instance profile");
  const checks: Check[] = [];
  for (const profile of profiles.slice(0, PROFILES_MAX))
    checks.push(await profilePulls(profile, repository, ports));
  const [first, ...others] = checks;
  if (first !== undefined && others.every(({ result }) => result === first.result)) return first;
  const other = checks.find(({ result }) => result !== "passed");
  return notChecked("role", `not every instance of the cluster may pull: ${other?.because}`);
}

async function profilePulls(
  profile: string,
  repository: string,
  ports: Pick<Ports, "roles">,
): Promise<Check> {
  const name = profile.slice(profile.lastIndexOf("/") + 1);
  const found = await ports.roles.ofInstanceProfile(profile);
  if (found.kind === "unknown") return notChecked("role", found.because);
  if (found.role === undefined)
    return { what: "role", result: "failed", because: `the instance profile ${name} has no role` };
  return await rolePulls(found.role, "the instances' role", repository, ports);
}

async function rolePulls(
  role: string,
  title: string,
  repository: string,
  { roles }: Pick<Ports, "roles">,
): Promise<Check> {
  const signIn = await roles.simulate(role, ["ecr:GetAuthorizationToken"], "*");
  const pull = signIn.kind === "allowed" ? await roles.simulate(role, ECR_PULL_ACTIONS, repository) : signIn;
  const wanted =
    signIn.kind === "allowed"
      ? { actions: ECR_PULL_ACTIONS, resource: repository }
      : { actions: ["ecr:GetAuthorizationToken"], resource: "*" };
  return judged("role", pull, { role, title, ...wanted }, "may pull from ECR", "may not pull from ECR");
}

/** The execution role reads a registry's secret, on EC2 too. */
export async function mayReadSecret(
  secret: string,
  { executionRole }: PullIdentity,
  { roles }: Pick<Ports, "roles">,
): Promise<Check> {
  if (executionRole === undefined) {
    return {
      what: "secret",
      result: "failed",
      because: "a task without an execution role cannot read a secret",
    };
  }
  const reading = {
    role: executionRole,
    title: "the execution role",
    actions: ["secretsmanager:GetSecretValue"],
    resource: secret,
  };
  const allowed = await roles.simulate(executionRole, reading.actions, secret);
  const read = judged("secret", allowed, reading, "may read the secret", "may not read the secret");
  if (read.result !== "passed") return read;
  const found = await roles.keyOfSecret(secret);
  if (found.kind === "unknown")
    return notChecked("secret", `whose key it is under is not known: ${found.because}`);
  const { key } = found;
  if (key === undefined) return read;
  const region = parseArn(secret)?.region ?? "";
  const by = { "kms:ViaService": `secretsmanager.${region}.${awsDomainOf(region)}` };
  const decrypts = await roles.simulate(executionRole, ["kms:Decrypt"], key, by);
  return judged(
    "secret",
    decrypts,
    { ...reading, actions: ["kms:Decrypt"], resource: key },
    "may read the secret and decrypt it",
    "may not decrypt the secret with its key",
  );
}

function judged(
  what: Check["what"],
  asked: Awaited<ReturnType<Ports["roles"]["simulate"]>>,
  asking: {
    readonly role: string;
    readonly title: string;
    readonly actions: readonly string[];
    readonly resource: string;
  },
  passed: string,
  mayNot: string,
): Check {
  const { role, title, actions, resource } = asking;
  const name = parseArn(role)?.resource.replace(/^role\//, "") ?? role;
  if (asked.kind === "allowed") return { what, result: "passed", because: `${name} ${passed}` };
  if (asked.kind === "unknown") return notChecked(what, asked.because);
  return {
    what,
    result: "failed",
    because: `${title} ${name} ${mayNot} (${asked.action})`,
    lacks: { role: name.slice(name.lastIndexOf("/") + 1), actions: [...actions], resource },
  };
}
