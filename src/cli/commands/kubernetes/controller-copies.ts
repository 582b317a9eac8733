/**
 * Who copies images into ECR for a cluster: the stack's `mirror` function, which ECS's remediations share and whose table counts
 * the quotas, or this process with rights of its own, counted in the leader's state.
 */

import { createExecutions } from "../../../aws/adapters/durable-executions.ts";
import type { EcrWithAuth } from "../../../aws/adapters/ecr.ts";
import { createQuotaTable } from "../../../aws/adapters/quota-table.ts";
import type { AwsSettings } from "../../../aws/client/client-config.ts";
import { readDeployedStack } from "../../../aws/stack/deployed-stack.ts";
import { createCopies } from "../../../controller/copies/copies.ts";
import { executionsHere } from "../../../controller/copies/executions-here.ts";
import type { ControllerPorts } from "../../../controller/create-controller.ts";
import { partitionOf } from "../../../image/ecr-hosts.ts";
import type { Registries } from "../../../oci/client/registries.ts";
import { mirror } from "../../../remediation/mirror/mirror-workflow.ts";
import { AwsError } from "../../../remediation/ports/aws-error.ts";
import type { Ports } from "../../../remediation/ports/ports.ts";
import type { QuotaStore } from "../../../remediation/ports/quota-store.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { runInProcess } from "../../../runtime/in-process-steps.ts";
import type { Log } from "../../../runtime/log.ts";
import type { Policy } from "../../../substitution/policy/policy.ts";

export type CopiesSettings = {
  /** Who copies images into ECR. */
  readonly copies: "none" | "stack" | "in-pod";
  /** The stack whose `mirror` copies. */
  readonly stack: string;
};

type Parts = {
  readonly aws: AwsSettings;
  readonly account: string;
  readonly ecr: EcrWithAuth;
  readonly policy: () => Policy;
  readonly log: Log;
  /** Registries and copier by the policy of now. */
  readonly accessNow: () => Promise<Pick<Ports, "registries" | "copier" | "anonymous">>;
};

/** Nothing is asked of AWS before a copy or a quota is. */
export function copiesFor(
  { copies, stack }: CopiesSettings,
  parts: Parts,
): Pick<ControllerPorts, "copiesWith" | "quotaStore"> {
  if (copies === "none") return {};
  const { aws, account, ecr, policy, log, accessNow } = parts;
  const ports = {
    registries: registriesOf(accessNow),
    clock: systemClock,
    quotas: () => policy().quotas,
  };
  if (copies === "stack") {
    const functions = { remediate: `${stack}-remediate:live`, mirror: `${stack}-mirror:live` };
    return {
      quotaStore: quotasOf(stack, aws),
      copiesWith: () => createCopies({ ...ports, executions: createExecutions(aws, functions) }),
    };
  }
  const location = { account, region: aws.region, partition: partitionOf(aws.region) };
  return {
    copiesWith: (quotaStore, mayBegin) => {
      const copy = async (request: unknown): Promise<unknown> => {
        const access = await accessNow();
        const own = { ...access, location, ecr, quotaStore, clock: systemClock, log };
        return await runInProcess((steps) => mirror(request, own, policy(), steps), { clock: systemClock });
      };
      return createCopies({ ...ports, executions: executionsHere(copy, systemClock, mayBegin) });
    },
  };
}

/** The registries of now, whatever the policy says by then. */
function registriesOf(accessNow: Parts["accessNow"]): Registries {
  return {
    headManifest: async (...asked) => (await accessNow()).registries.headManifest(...asked),
    getManifest: async (...asked) => (await accessNow()).registries.getManifest(...asked),
    getBlob: async (...asked) => (await accessNow()).registries.getBlob(...asked),
  };
}

/** The table of the stack: found by its function's environment, once that can be read. */
function quotasOf(stack: string, aws: AwsSettings): QuotaStore {
  let found: QuotaStore | undefined;
  const table = async (): Promise<QuotaStore> => {
    if (found !== undefined) return found;
    const read = await readDeployedStack(aws, stack).functionNamed("mirror");
    if (read.kind === "unread") throw read.error;
    const name = read.value.environment.REPULL_QUOTA_TABLE;
    if (name === undefined)
      throw new AwsError(
        "absent",
        "lambda:GetFunctionConfiguration",
        `${stack}-mirror names no table of quotas`,
      );
    found = createQuotaTable(aws, name);
    return found;
  };
  return {
    acquire: async (request) => (await table()).acquire(request),
    claimNotification: async (window, claimant) => (await table()).claimNotification(window, claimant),
    used: async (window) => (await table()).used(window),
  };
}
