/** `repull kubernetes controller`: leads or waits to lead, until it is stopped. */

import { clusterSource } from "../../../cluster/cluster-source.ts";
import { openCluster } from "../../../cluster/open-cluster.ts";
import type { ImageReportTarget } from "../../../controller/copies/report-images.ts";
import { createController } from "../../../controller/create-controller.ts";
import type { ControllerMetrics } from "../../../controller/metrics.ts";
import { type Duty, runController } from "../../../controller/run-controller.ts";
import { InvalidInput } from "../../../image/invalid-input.ts";
import type { Mode } from "../../../kubernetes/mode.ts";
import type { Outcome } from "../../../remediation/report/outcome.ts";
import { systemClock } from "../../../runtime/clock.ts";
import type { Log } from "../../../runtime/log.ts";
import { type Policy, policyFrom } from "../../../substitution/policy/policy.ts";
import { visibleJson } from "../../../text/visible.ts";
import { EXIT } from "../../exit-status.ts";
import type { CommandIo } from "../../io.ts";
import { readPolicyFile } from "../../policy-file.ts";
import type { CopiesSettings } from "./controller-copies.ts";
import {
  type ControllerEnvironment,
  environmentWithAws,
  environmentWithoutAws,
} from "./controller-environment.ts";
import { type MetricsServer, serveMetrics } from "./metrics-server.ts";

export type ControllerInput = {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace: string;
  readonly policy?: string;
  readonly aws: boolean;
  readonly metrics?: { readonly host?: string; readonly port: number };
  readonly certificates?: string;
  readonly allowedRegistries?: readonly string[];
  /** The cluster's name in EKS, under which the images in use are reported to the stack's clean-up. */
  readonly reportAs?: string;
  /** Custom resources that keep no report from being written. */
  readonly customResources?: readonly string[];
  readonly mode: Mode;
} & CopiesSettings;

/** It has no `--region`: in a pod the environment says it. */
const WITHOUT_REGION = "give --no-aws to ask registries alone";
const POLICY_EVERY_MS = 10_000;
const CERTIFICATES_EVERY_MS = 60_000;
/** Not one pass of its loop for so long: kubelet starts it again. */
const SILENT_MS = 120_000;

/** Runs until it is stopped. Throws InvalidInput. */
export async function controller(input: ControllerInput, io: CommandIo): Promise<number> {
  const log = logTo(io);
  const policy = await followPolicy(input.policy, io, log);
  const { publish, ...asked } = await environmentOf(input, policy.now, io, log);
  const reportImages = await reportTargetOf(input, io);
  const cluster = openCluster(clusterSource(input, io.env), systemClock);
  const identity = await identityOf(io);
  let server: MetricsServer | undefined;
  try {
    const parts = createController(
      {
        ...asked,
        cluster,
        log,
        clock: systemClock,
        ...(reportImages === undefined ? {} : { reportImages }),
        publish: (outcome) => told(outcome, publish, log),
      },
      {
        namespace: input.namespace,
        mode: input.mode,
        policy: policy.now,
        identity,
        allowedRegistries: input.allowedRegistries,
      },
      io.signal,
    );
    let turnedAt = systemClock.now();
    const duties: Duty[] = [
      { name: "policy", everyMs: POLICY_EVERY_MS, run: policy.readAgain, always: true },
      {
        name: "alive",
        everyMs: 1_000,
        always: true,
        run: async () => {
          turnedAt = systemClock.now();
        },
      },
      ...(input.certificates === undefined
        ? []
        : [await certificateDuty(input.certificates, input.namespace, cluster, parts.metrics, log)]),
    ];
    if (input.metrics !== undefined) {
      const { register } = parts.metrics;
      server = await serveMetrics(input.metrics, {
        metrics: () => register.metrics(),
        contentType: register.contentType,
        isHealthy: () => Math.abs(systemClock.now() - turnedAt) < SILENT_MS,
        isReady: () => parts.view.missing().size === 0,
      }).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        throw new InvalidInput("--metrics", `a free address of this machine: ${why}`, { cause: error });
      });
    }
    log.info("started", {
      identity,
      namespace: input.namespace,
      mode: input.mode,
      aws: input.aws,
      copies: input.copies,
      ...(server === undefined ? {} : { metricsPort: server.port }),
    });
    await runController({ ...parts, duties: [...(parts.duties ?? []), ...duties] }, io.signal);
    return EXIT.stopped;
  } finally {
    await server?.close();
    cluster.close();
  }
}

async function environmentOf(
  { aws, copies, stack }: Pick<ControllerInput, "aws" | "copies" | "stack">,
  policy: () => Policy,
  io: CommandIo,
  log: Log,
): Promise<ControllerEnvironment> {
  if (!aws && copies !== "none") throw new InvalidInput("--copies", "none, with --no-aws");
  if (!aws) return environmentWithoutAws(policy, io);
  const { awsSettingsFrom } = await import("../../account/aws-settings.ts");
  const { getCallerIdentity } = await import("../../../aws/client/caller-identity.ts");
  const settings = await awsSettingsFrom(io, WITHOUT_REGION);
  const { account } = await getCallerIdentity(settings);
  return await environmentWithAws(policy, settings, account, { copies, stack, io, log });
}

/** Where the images in use are reported: the table of the stack's clean-up, under the cluster's own ARN. */
async function reportTargetOf(
  { reportAs, customResources, aws, stack, ...flags }: ControllerInput,
  io: CommandIo,
): Promise<ImageReportTarget | undefined> {
  if (reportAs === undefined) return undefined;
  if (!aws) throw new InvalidInput("--report-as", "no cluster, with --no-aws");
  const { awsSettingsFrom } = await import("../../account/aws-settings.ts");
  const { getCallerIdentity } = await import("../../../aws/client/caller-identity.ts");
  const { reportTableOf } = await import("../../../aws/mirrors/reports/report-table.ts");
  const { createReportWriter } = await import("../../../aws/mirrors/reports/report-writer.ts");
  const { certificateDigests } = await import("../../../mirrors/reports/report-pages.ts");
  const { certificateAuthorityOf } = await import("../../../cluster/open-cluster.ts");
  const settings = await awsSettingsFrom(io, WITHOUT_REGION);
  const { account, partition } = await getCallerIdentity(settings);
  const cluster = `arn:${partition}:eks:${settings.region}:${account}:cluster/${reportAs}`;
  return {
    store: createReportWriter(settings, reportTableOf(stack), cluster),
    cluster,
    authorities: certificateDigests(certificateAuthorityOf(clusterSource(flags, io.env))),
    ...(customResources === undefined ? {} : { customResources }),
  };
}

/** The document's file is a ConfigMap's, which kubelet changes in place; one that is wrong leaves the last good one in force. */
async function followPolicy(
  path: string | undefined,
  io: CommandIo,
  log: Log,
): Promise<{ readonly now: () => Policy; readonly readAgain: () => Promise<void> }> {
  const read = async (): Promise<string | undefined> => {
    return path === undefined ? undefined : await readPolicyFile(path, io);
  };
  let text = await read();
  let policy = policyFrom(io.env, text);
  return {
    now: () => policy,
    readAgain: async () => {
      try {
        const again = await read();
        if (again === text) return;
        policy = policyFrom(io.env, again);
        text = again;
        log.info("the policy has changed");
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error;
        log.error("the policy cannot be used, and the last one stays in force", { because: error.message });
      }
    },
  };
}

async function certificateDuty(
  secret: string,
  namespace: string,
  cluster: ReturnType<typeof openCluster>,
  metrics: ControllerMetrics,
  log: Log,
): Promise<Duty> {
  const { keepCertificates } = await import("../../../cluster/certificates/keep-certificates.ts");
  const names = { secret, service: "repull-webhook", configuration: "repull" };
  return {
    name: "certificates",
    everyMs: CERTIFICATES_EVERY_MS,
    run: async () => {
      const pass = await keepCertificates({ cluster, clock: systemClock, namespace, ...names });
      if (pass.kind === "kept") metrics.certificate.set(pass.goodUntil / 1000);
      if (pass.kind === "not-kept") log.error("the certificates are not kept", { code: pass.code });
      else if (pass.changed.length > 0) log.info("the certificates were changed", { changed: pass.changed });
    },
  };
}

/** That the bus refuses changes nothing of what was done. */
async function told(outcome: Outcome, publish: ControllerEnvironment["publish"], log: Log): Promise<void> {
  const { AwsError } = await import("../../../remediation/ports/aws-error.ts");
  try {
    await publish(outcome);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    log.warn("no event was put on the bus", { because: error.message });
  }
}

async function identityOf({ env }: Pick<CommandIo, "env">): Promise<string> {
  const { hostname } = await import("node:os");
  const { pid } = await import("node:process");
  return `${env.HOSTNAME ?? hostname()}_${pid}_${systemClock.now()}`;
}

/** One JSON object a line, as clusters collect them. */
function logTo(io: Pick<CommandIo, "out">): Log {
  const write =
    (level: string) =>
    (message: string, ...fields: readonly object[]): void =>
      io.out(
        `${visibleJson({ time: new Date(systemClock.now()).toISOString(), level, message, ...Object.assign({}, ...fields) })}\n`,
      );
  return { debug() {}, info: write("info"), warn: write("warn"), error: write("error") };
}
