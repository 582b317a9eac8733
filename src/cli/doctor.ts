/** `repull doctor`: what is deployed, whether it would work, and what to do where it would not. */

import { readDeployedStack } from "../aws/deployed-stack.ts";
import { createExecutions } from "../aws/executions.ts";
import { identify } from "../aws/identity.ts";
import { putIntoQueue } from "../aws/probe.ts";
import { createRoles } from "../aws/roles.ts";
import { readEvent } from "../ecs-events/read-event.ts";
import { parseReference } from "../image/reference.ts";
import { httpTransport } from "../oci/http-transport.ts";
import { createRegistries } from "../oci/registry.ts";
import { remediationName } from "../remediation/names.ts";
import type { Executions } from "../remediation/ports.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { parseEndpoints } from "../runtime/endpoints.ts";
import type { JsonObject } from "../runtime/json.ts";
import { awsSettingsFrom } from "./aws-settings.ts";
import { type Check, type Examined, examine, type Patient, taskEvent } from "./doctor-checks.ts";
import type { CommandIo } from "./io.ts";

export type DoctorInput = {
  readonly stack: string;
  /** Send one synthetic event through the real path, about a service that does not exist. */
  readonly probe: boolean;
  readonly json: boolean;
};

/** The image that Docker keeps for asking about the limit; a HEAD of it costs nothing. */
const QUOTA_IMAGE = "docker.io/ratelimitpreview/test:latest";
const PROBE_SECONDS_MAX = 120;
const PROBE_PAUSE_SECONDS = 2;

/** Examines the stack; exit status 1 where a check failed, 0 where all passed or could not be made. */
export async function doctor(input: DoctorInput, io: CommandIo, clock: Clock = systemClock): Promise<number> {
  const aws = awsSettingsFrom(io.env);
  const { account, partition } = await identify(aws);
  const home = { account, region: aws.region, partition };
  io.err(`account ${account}, region ${aws.region}, stack ${input.stack}\n`);
  const send = httpTransport({ clock, proxyEnv: io.env });
  const registries = createRegistries({
    send,
    clock,
    endpoints: parseEndpoints(io.env.REPULL_REGISTRY_ENDPOINTS),
  });
  const patient: Patient = {
    stackName: input.stack,
    home,
    stack: readDeployedStack(aws, input.stack),
    roles: createRoles(aws),
    quota: async () => (await registries.headManifest(parseReference(QUOTA_IMAGE), io.signal))?.quota,
  };
  try {
    const examined = await examine(patient);
    const { queueUrl, remediateArn, mirrorArn } = examined;
    const probed = !input.probe
      ? []
      : queueUrl === undefined || remediateArn === undefined
        ? [notSent("the queue or remediate was not found")]
        : [
            await probe(
              examined,
              home,
              {
                put: (document) => putIntoQueue(aws, queueUrl, document),
                executions: createExecutions(aws, {
                  remediate: remediateArn,
                  mirror: mirrorArn ?? remediateArn,
                }),
              },
              clock,
            ),
          ];
    const checks = [...examined.checks, ...probed];
    io.out(input.json ? checks.map((check) => `${JSON.stringify(check)}\n`).join("") : inWords(checks));
    return checks.some(({ result }) => result === "failed") ? 1 : 0;
  } finally {
    send.close();
  }
}

type Path = {
  put(document: JsonObject): Promise<void>;
  readonly executions: Pick<Executions, "status">;
};

/** Sends an event about a service that does not exist, and waits until its remediation has said so. */
export async function probe(
  { cluster }: Pick<Examined, "cluster">,
  home: Patient["home"],
  { put, executions }: Path,
  clock: Clock,
): Promise<Check> {
  const document = taskEvent(home, cluster, {
    group: "service:repull-doctor",
    // A deployment of its own each time: a name starts once.
    startedBy: `ecs-svc/${clock.now()}`,
    stopCode: "TaskFailedToStart",
    stoppedReason:
      "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/1: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
  });
  const failure = readEvent(document, home);
  if (failure.kind === "ignored") return notSent(`the event would be ignored: ${failure.because}`);
  const name = remediationName(failure, 1);
  try {
    await put(document);
    for (let waited = 0; waited < PROBE_SECONDS_MAX; waited += PROBE_PAUSE_SECONDS) {
      const found = await executions.status("remediate", name);
      if (found?.status === "succeeded")
        return {
          check: "the whole path",
          result: "passed",
          because: `a synthetic event went from the queue to its outcome in about ${waited} s (${name})`,
        };
      if (found !== undefined && found.status !== "running")
        return {
          check: "the whole path",
          result: "failed",
          because: `the synthetic event's remediation ${name} is ${found.status}${found.because === undefined ? "" : `: ${found.because}`}`,
          remedy: "look at it in the Lambda console: remediate, Durable executions",
        };
      await clock.sleep(PROBE_PAUSE_SECONDS * 1000);
    }
  } catch (error) {
    return notSent(error instanceof Error ? error.message : String(error));
  }
  return {
    check: "the whole path",
    result: "failed",
    because: `no outcome of ${name} within ${PROBE_SECONDS_MAX} s`,
    remedy: "look at detect's log for the synthetic event, then at remediate's executions",
  };
}

function notSent(because: string): Check {
  return { check: "the whole path", result: "not checked", because };
}

const MARKS = { passed: "✓", failed: "✗", "not checked": "–" } as const;

function inWords(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ check }) => check.length));
  const lines = checks.flatMap(({ check, result, because, remedy }) => [
    `${MARKS[result]} ${check.padEnd(width)}  ${result === "not checked" ? "not checked: " : ""}${because}`,
    ...(remedy === undefined ? [] : [`${" ".repeat(width + 4)}→ ${remedy}`]),
  ]);
  const count = (wanted: Check["result"]) => checks.filter(({ result }) => result === wanted).length;
  return `${lines.join("\n")}\n\n${count("passed")} passed, ${count("failed")} failed, ${count("not checked")} not checked\n`;
}
