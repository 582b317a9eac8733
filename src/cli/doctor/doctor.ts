/** `repull doctor`: what is deployed, whether it would work, and what to do where it would not. */

import { createChangeCalendar } from "../../aws/adapters/change-calendar.ts";
import { createEcr } from "../../aws/adapters/ecr.ts";
import { createEcs } from "../../aws/adapters/ecs/ecs.ts";
import { createIamSimulator } from "../../aws/adapters/iam-simulator.ts";
import { getCallerIdentity } from "../../aws/client/caller-identity.ts";
import type { AwsSettings } from "../../aws/client/client-config.ts";
import { createParameters } from "../../aws/client/ssm-parameters.ts";
import { createDockerHubCredentials, secretKeyNames } from "../../aws/registry/docker-hub-secret.ts";
import { createOtherRepositories, keyState } from "../../aws/registry/other-repositories.ts";
import { createAccountInventory } from "../../aws/scan/account-inventory.ts";
import { readDeployedExecutions } from "../../aws/stack/deployed-executions.ts";
import { readDeployedStack } from "../../aws/stack/deployed-stack.ts";
import { sendTestEvent } from "../../aws/stack/send-test-event.ts";
import { ecrHost } from "../../image/ecr-hosts.ts";
import { parseReference } from "../../image/reference.ts";
import { createRegistries } from "../../oci/client/registries.ts";
import { httpTransport } from "../../oci/http/http-transport.ts";
import { parseEndpoints } from "../../oci/http/registry-endpoints.ts";
import type { Send } from "../../oci/http/transport.ts";
import type { Clock } from "../../runtime/clock.ts";
import { rolesOf } from "../../scan/exposure.ts";
import { type Scan, scanAccount } from "../../scan/scan.ts";
import { DEFAULT_POLICY } from "../../substitution/policy/policy.ts";
import { accountClock } from "../account/account-clock.ts";
import { awsSettingsFrom } from "../account/aws-settings.ts";
import { findStack, STACK_DEFAULT } from "../account/find-stack.ts";
import { whereOf } from "../account/where.ts";
import type { CommandIo } from "../io.ts";
import { jsonLine } from "../output/json-line.ts";
import { RefusedCommand } from "../refused-command.ts";
import { probe } from "./end-to-end-probe.ts";
import { formatChecks } from "./format-checks.ts";
import { runChecks } from "./run-checks.ts";
import type { StackUnderTest } from "./stack-under-test.ts";

export type DoctorInput = {
  /** Absent: the region's only one. */
  readonly stack?: string;
  /** Send one synthetic event through the real path, about a service that does not exist. */
  readonly probe: boolean;
  readonly json: boolean;
};

/** The image that Docker keeps for asking about the limit; a HEAD of it costs nothing. */
const QUOTA_IMAGE = parseReference("docker.io/ratelimitpreview/test:latest");

/** Examines the stack; exit status 1 where a check failed, 0 where all passed or could not be made. */
export async function doctor(
  input: DoctorInput,
  io: CommandIo,
  clock: Clock = accountClock(io.env),
): Promise<number> {
  const aws = await awsSettingsFrom(io);
  const { account, partition } = await getCallerIdentity(aws);
  const home = { account, region: aws.region, partition };
  const where = whereOf(account, aws);
  const stack = input.stack ?? (await stackIn(aws, where, io));
  io.err(`${where}, stack ${stack}: nothing is changed\n`);
  const send = httpTransport({ clock, proxyEnv: io.env });
  try {
    const examined = await runChecks(
      stackUnderTest(aws, home, stack, {
        send: io.outgoing?.sending(send) ?? send,
        io,
        clock,
      }),
    );
    const checks = [...examined.checks];
    if (input.probe) {
      if (examined.queueUrl !== undefined)
        io.err("a synthetic event goes to the default bus; its record is awaited for two minutes\n");
      const put = (document: Parameters<typeof sendTestEvent>[2]) => sendTestEvent(aws, stack, document);
      checks.push(await probe(examined, home, { put, executions: readDeployedExecutions(aws) }, clock));
    }
    io.out(input.json ? checks.map((check) => jsonLine("check", check)).join("") : formatChecks(checks));
    return checks.some(({ result }) => result === "failed") ? 1 : 0;
  } finally {
    send.close();
  }
}

/** Where they cannot be listed, the checks of the default one say why. Throws Refused where there is none, InvalidInput where there are several. */
async function stackIn(aws: AwsSettings, where: string, io: CommandIo): Promise<string> {
  let found: string | undefined;
  try {
    found = await findStack(aws);
  } catch (error) {
    if (!(error instanceof RefusedCommand)) throw error;
    io.err(`${error.message}\n`);
    return STACK_DEFAULT;
  }
  // One sentence says it; sixteen checks of nothing would hide it.
  if (found === undefined)
    throw new RefusedCommand(
      "no-stack",
      `no stack of Repull is deployed here (${where}), so there is nothing to check`,
    );
  return found;
}

/** An account, as the checks ask for it. */
export function stackUnderTest(
  aws: AwsSettings,
  home: StackUnderTest["home"],
  stackName: string,
  { send, io, clock }: { readonly send: Send; readonly io: CommandIo; readonly clock: Clock },
): StackUnderTest {
  const ecs = createEcs(aws);
  const endpoints = parseEndpoints(io.env.REPULL_REGISTRY_ENDPOINTS);
  let scanning: Promise<Scan> | undefined;
  // Once for all checks: it reads every service.
  const scanned = (): Promise<Scan> => {
    scanning ??= scanAccount(createAccountInventory(aws), ecs, {
      policy: DEFAULT_POLICY,
      ecrHost: ecrHost(home.account, home.region),
      clock,
    });
    return scanning;
  };
  return {
    stackName,
    home,
    stack: readDeployedStack(aws, stackName),
    executions: readDeployedExecutions(aws),
    services: ecs,
    roles: createIamSimulator(aws),
    cache: createEcr(aws, clock),
    killSwitch: (parameter) => createParameters(aws).read(parameter),
    policyDocument: (parameter) => createParameters(aws).read(parameter),
    calendar: createChangeCalendar(aws),
    secretKeys: (secretArn) => secretKeyNames(aws, secretArn),
    async quota(secretArn) {
      const account = secretArn === undefined ? {} : createDockerHubCredentials(aws, secretArn, clock);
      const registries = createRegistries({ send, clock, endpoints, ...account });
      return (await registries.headManifest(QUOTA_IMAGE, io.signal))?.quota;
    },
    rolesInUse: async () => rolesOf((await scanned()).exposures),
    pullsInUse: async () =>
      (await scanned()).exposures.flatMap(({ images, executionRole, pulledBy }) =>
        executionRole === undefined || pulledBy === "host"
          ? []
          : images.map(({ image }) => ({ image, role: executionRole })),
      ),
    repositories: createOtherRepositories(aws),
    keyState: (key) => keyState(aws, key),
    now: () => clock.now(),
  };
}
