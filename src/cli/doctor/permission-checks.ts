/**
 * What IAM's own simulator says of the functions' roles: their actions, and whether they may pass on the tasks' roles.
 *
 * A boundary or an organisation's policy can take away what the template grants; only the simulator sees that.
 */

import { AwsError } from "../../remediation/ports/aws-error.ts";
import { type Check, failed, listed, passed, refused, skipped } from "./check.ts";
import {
  deployedFunction,
  FUNCTIONS,
  type Functions,
  type Name,
  observes,
  type StackUnderTest,
} from "./stack-under-test.ts";

/** An action, and what it is asked of; with the request's own facts where a condition guards it. */
type Wanted = {
  readonly whose: Name;
  readonly actions: readonly string[];
  readonly on: string | undefined;
  /** A stack that observes does not hold it. */
  readonly toWrite?: boolean;
  readonly context?: Readonly<Record<string, string>>;
};

export type Places = {
  readonly queueArn: string | undefined;
  readonly deadLetterArn: string | undefined;
  readonly cluster: string;
};

export async function rightChecks(
  functions: Functions,
  places: Places,
  { home, roles }: StackUnderTest,
): Promise<readonly Check[]> {
  const wanted = wantedOf(functions, places, home);
  const checks: Check[] = [];
  for (const name of FUNCTIONS) {
    const role = deployedFunction(functions, name)?.roleArn;
    const check = `rights of ${name}`;
    if (role === undefined) {
      checks.push(skipped(check, `${name} was not found`));
      continue;
    }
    let verdict: Check = passed(check, `${role.slice(role.lastIndexOf("/") + 1)} may do what it needs`);
    for (const { whose, actions, on, context, toWrite } of wanted) {
      if (whose !== name || on === undefined || (toWrite && observes(functions))) continue;
      const answer = await roles.simulate(role, actions, on, context);
      if (answer.kind === "allowed") continue;
      verdict =
        answer.kind === "refused"
          ? failed(
              check,
              `${role} may not ${answer.action} on ${on}`,
              "a boundary or an organisation's policy forbids it, or the stack is old: deploy it again",
            )
          : unknown(check, answer);
      break;
    }
    checks.push(verdict);
  }
  return checks;
}

/** A condition that asks for what no simulation gives is not mended by a right of the caller's. */
function unknown(
  check: string,
  { because, context }: { readonly because: string; readonly context?: readonly string[] },
): Check {
  return context === undefined
    ? skipped(check, because, "allow yourself iam:SimulatePrincipalPolicy")
    : skipped(
        check,
        because,
        "look at the conditions of its policies: no simulation knows what these keys are",
      );
}

function wantedOf(
  functions: Functions,
  { queueArn, deadLetterArn, cluster }: Places,
  { partition, region, account }: StackUnderTest["home"],
): readonly Wanted[] {
  const arn = (service: string, resource: string) =>
    `arn:${partition}:${service}:${region}:${account}:${resource}`;
  const [remediate, mirror] = [
    deployedFunction(functions, "remediate"),
    deployedFunction(functions, "mirror"),
  ];
  const settings = remediate?.environment ?? {};
  const secret = settings.REPULL_DOCKER_HUB_SECRET || undefined;
  const killSwitch = settings.REPULL_WRITES_PARAMETER;
  const copies = arn("ecr", `repository/${settings.REPULL_MIRROR_PREFIX ?? "repull"}/any`);
  // biome-ignore format: a table is read by its columns
  return [
    { whose: "detect",    actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage"], on: queueArn },
    { whose: "detect",    actions: ["sqs:SendMessage"],                         on: deadLetterArn },
    { whose: "detect",    actions: ["lambda:InvokeFunction"],                   on: remediate?.arn },
    { whose: "remediate", actions: ["ecs:DescribeServices"],                    on: arn("ecs", `service/${cluster}/any`) },
    { whose: "remediate", actions: ["ecs:UpdateService"],                       on: arn("ecs", `service/${cluster}/any`), toWrite: true },
    { whose: "remediate", actions: ["ecs:RegisterTaskDefinition"],              on: arn("ecs", "task-definition/any:1"), toWrite: true },
    { whose: "remediate", actions: ["lambda:InvokeFunction"],                   on: mirror?.arn, toWrite: true },
    { whose: "remediate", actions: ["ssm:GetParameter"],                        on: killSwitch && arn("ssm", `parameter${killSwitch}`) },
    { whose: "remediate", actions: ["events:PutEvents"],                        on: arn("events", "event-bus/default"), context: { "events:source": "repull" } },
    { whose: "remediate", actions: ["secretsmanager:GetSecretValue"],           on: secret },
    { whose: "mirror",    actions: ["secretsmanager:GetSecretValue"],           on: secret },
    { whose: "mirror",    actions: ["ecr:CreateRepository", "ecr:InitiateLayerUpload", "ecr:PutImage"], on: copies, toWrite: true },
  ];
}

/** IAM lets one ask a few times a second; an account's services share most of their roles. */
const ROLES_MAX = 40;

/** Whether a revision that keeps its roles can be registered: for the roles of the services that depend on Docker Hub. */
export async function passRoleCheck(
  functions: Functions,
  { roles, rolesInUse }: StackUnderTest,
): Promise<Check> {
  const check = "roles of the tasks";
  const remedy = "put what repull scan --roles prints into the stack's PassableRoleArns";
  const ours = deployedFunction(functions, "remediate")?.roleArn;
  if (ours === undefined) return skipped(check, "remediate was not found");
  if (observes(functions)) return passed(check, "none is passed on by a stack that observes");
  let used: readonly string[];
  try {
    used = await rolesInUse();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return refused(check, error);
  }
  if (used.length === 0) return passed(check, "no service that depends on Docker Hub has a role");
  const forbidden: string[] = [];
  for (const role of used.slice(0, ROLES_MAX)) {
    const answer = await roles.simulate(ours, ["iam:PassRole"], role, {
      "iam:PassedToService": "ecs-tasks.amazonaws.com",
    });
    if (answer.kind === "unknown") return unknown(check, answer);
    if (answer.kind === "refused") forbidden.push(role);
  }
  if (forbidden.length > 0)
    return failed(check, `remediate may not pass on ${listed(forbidden)}: their services stay down`, remedy);
  const asked = used.length > ROLES_MAX ? `the first ${ROLES_MAX} of ${used.length}` : `all ${used.length}`;
  return passed(check, `remediate may pass on ${asked} roles of services that depend on Docker Hub`);
}
