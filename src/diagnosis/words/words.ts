/**
 * What the words of a reason say before any is looked up: which host failed, at which address, whose caller was refused
 * what, and whether the text was cut.
 *
 * Sources: the agent's error messages (aws/amazon-ecs-agent, agent/api/errormessages), and the pages of AWS on stopped
 * tasks (AmazonECS/latest/developerguide/stopped-tasks-error-messages-updates.html, read 2026-11).
 */

import { ecrRegistryOf } from "../../image/ecr-hosts.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import { contains, parseBlock } from "../../network/addresses.ts";
import { redact } from "../../text/redact.ts";

export type TargetName =
  | "ecr.api"
  | "ecr.dkr"
  | "s3"
  | "secretsmanager"
  | "ssm"
  | "logs"
  | "efs"
  | "ecs"
  | "ecs-agent"
  | "ecs-telemetry"
  | "docker-hub"
  | "registry";

type NetworkFault = "timeout" | "dns" | "refused" | "unreachable" | "reset";

export type Words = {
  readonly text: string;
  /** The kind, where the text begins with one: the first name counts, others only repeat a cause. */
  readonly error?: string;
  readonly target?: TargetName;
  readonly host?: string;
  readonly region?: string;
  readonly address?: string;
  readonly fault?: NetworkFault;
  /** `role`: the name of the role that was refused; `isInstance`: an instance's session asked. */
  readonly caller?: { readonly role: string; readonly isInstance: boolean };
  readonly denied?: {
    readonly action: string;
    readonly resource?: string;
    readonly by?: string;
    readonly isExplicit: boolean;
  };
  readonly isCut: boolean;
};

const LENGTH_MAX = 20_000;
/** The agent cuts its reasons here: amazon-ecs-agent#4545. */
const CUT_LENGTHS = new Set([255, 1024]);

const ECR_NAME = /\d{12}\.dkr[.-]ecr|\.dkr[.-]ecr(?:-fips)?\.[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}\.amazonaws\.com/;
/** An account that was made unreadable before the text was shown: `████`, `xxx`, `***`. */
const MASKED_ECR =
  /^(?!\d{12}\.)[^.\s]{1,60}\.dkr[.-]ecr(?:-fips)?\.[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}\.amazonaws\.com(?:\.cn)?$/;
const OPENING_NAME = /(?:^|Reason: )(?:\w+: )??(?<name>[A-Z]\w*(?:Error|Exception))\b/;
/** ECS's own names: a tool may join the task's reason, or a word of its own, before the container's. (nextflow-io/nextflow#3091) */
const OWN_NAME =
  /(?<![\w./@-])(?<name>Cannot[A-Z]\w{0,40}Error|DockerTimeoutError|ContainerRuntime(?:Timeout)?Error|InvalidVolumeError)(?=:)/;

export function wordsOf(reason: string): Words {
  const text = redact(reason.slice(0, LENGTH_MAX).replace(/[\u2018\u2019]/g, "'"))
    .replace(/\s+/g, " ")
    .trim();
  const error = (OPENING_NAME.exec(text) ?? OWN_NAME.exec(text))?.groups?.name;
  const fault = faultIn(text);
  const host = hostIn(text);
  const region = regionIn(text, host);
  const address = /dial (?:tcp|udp) \[?(?<ip>[\da-fA-F.:]+?)\]?:\d+/.exec(text)?.groups?.ip;
  const named = targetIn(text, host);
  // Old and shortened forms name the image alone, whatever was asked: then only the address says it.
  const target =
    named === "ecr.dkr" && /\bHead\b|\/v2\//.test(text) === false && isOfS3(address) ? "s3" : named;
  const caller = callerIn(text);
  const denied = deniedIn(text);
  return {
    text,
    ...(error === undefined ? {} : { error }),
    ...(target === undefined ? {} : { target }),
    ...(host === undefined ? {} : { host }),
    ...(region === undefined ? {} : { region }),
    ...(address === undefined ? {} : { address }),
    ...(fault === undefined ? {} : { fault }),
    ...(caller === undefined ? {} : { caller }),
    ...(denied === undefined ? {} : { denied }),
    isCut: /(?:\.\.\.|…)$/.test(text) || CUT_LENGTHS.has(reason.length),
  };
}

/** Blocks of S3's, in one region or another, that public reports of layers name. (2021-2026; not all that S3 has) */
const S3_BLOCKS = ["52.216.0.0/14", "54.231.0.0/16", "3.5.0.0/16", "16.15.0.0/16", "16.182.0.0/16"].flatMap(
  (text) => parseBlock(text) ?? [],
);

function isOfS3(address: string | undefined): boolean {
  const block = address === undefined ? undefined : parseBlock(address);
  return block !== undefined && S3_BLOCKS.some((one) => contains(one, block));
}

function faultIn(text: string): NetworkFault | undefined {
  if (
    /dial (?:tcp|udp): lookup |no such host|server misbehaving|name resolution|:53: (?:i\/o timeout|read)|:53->|couldn't resolve host/i.test(
      text,
    )
  )
    return "dns";
  if (/connection refused/i.test(text)) return "refused";
  if (/network is unreachable|no route to host/i.test(text)) return "unreachable";
  if (
    /i\/o timeout|dial (?:tcp|udp) \S{1,60}: i(?:\/o?)?(?: t(?:i(?:m(?:e(?:o(?:u)?)?)?)?)?)?$|deadline exceeded|Client\.Timeout|request canceled|RequestCanceled|signal: ?killed|handshake timeout|connection issue between|connect timeout|connection timed out/i.test(
      text,
    )
  )
    return "timeout";
  return /\bEOF\b|connection reset by peer/i.test(text) ? "reset" : undefined;
}

/** The host that was asked: a URL's, or a lookup's, or that before a repository's path. */
function hostIn(text: string): string | undefined {
  const host =
    /lookup (?<host>[\w.-]+\.[a-z]{2,})/i.exec(text)?.groups?.host ??
    /https?:\/\/(?<host>[^\s/:"'<>@]{1,253}(?::\d+)?)\//i.exec(text)?.groups?.host ??
    /(?:from host|resolve ref(?:erence)?) "?(?<host>[\w-]+(?:\.[\w-]+)+(?::\d+)?)/i.exec(text)?.groups
      ?.host ??
    /(?:pull image from|for|cannot pull) "?(?<host>[\w-]+(?:\.[\w-]+)+(?::\d+)?)\//i.exec(text)?.groups?.host;
  return host?.toLowerCase();
}

function targetIn(text: string, host: string | undefined): TargetName | undefined {
  if (/EFS utils|mount\.nfs/i.test(text)) return "efs";
  if (/env(?:ironment variable)? files?|env file with key/i.test(text) && /S3|bucket|env files/i.test(text))
    return "s3";
  if (/logger args|logging driver|CloudWatch log/i.test(text)) return "logs";
  if (/GetAuthorizationToken|\bapi\.ecr\.|ecr registry auth|registry auth from Amazon ECR/i.test(text))
    return "ecr.api";
  if (/from asm|Secrets ?Manager|\basm fetching/i.test(text)) return "secretsmanager";
  if (/from ssm|Systems Manager|Parameter Store/i.test(text)) return "ssm";
  return registryTarget(text, host);
}

function registryTarget(text: string, host: string | undefined): TargetName | undefined {
  const isEcr = ECR_NAME.test(text);
  // ECR leads a client to S3 for the layers, and the agent writes the image's name in place of that URL.
  const isLayer = /failed to copy: httpRead|failed to extract layer|starport-layer-bucket|\.s3[.-]/i.test(
    text,
  );
  if (isLayer && (isEcr || /starport|\.s3[.-]/.test(text))) return "s3";
  if (host !== undefined) {
    if (ecrRegistryOf(host) !== undefined || MASKED_ECR.test(host)) return "ecr.dkr";
    if (isDockerHubFront(host) || /(?:^|\.)docker\.(?:io|com)$/.test(host)) return "docker-hub";
    if (/CannotPull|resolve ref|pull/i.test(text)) return "registry";
  }
  if (isEcr) return "ecr.dkr";
  return /docker\.io|docker\.com/.test(text) ? "docker-hub" : undefined;
}

function regionIn(text: string, host: string | undefined): string | undefined {
  const region = /(?<region>[a-z]{2,4}(?:-[a-z]+)+-\d{1,2})/;
  return (
    region.exec(host ?? "")?.groups?.region ??
    new RegExp(`arn:aws[a-z-]*:(?:secretsmanager|ssm|logs|ecr|s3):${region.source}:`).exec(text)?.groups
      ?.region ??
    new RegExp(`\\.dkr[.-]ecr(?:-fips)?\\.${region.source}\\.`).exec(text)?.groups?.region ??
    new RegExp(`\\bin (?:region )?${region.source}\\b`).exec(text)?.groups?.region
  );
}

/** A session of the execution role is called after its task; an instance's after the instance. */
function callerIn(text: string): Words["caller"] {
  const { role, session = "" } =
    /assumed-role\/(?<role>[\w+=,.@-]+)\/(?<session>[\w+=,.@-]+)/.exec(text)?.groups ?? {};
  return role === undefined ? undefined : { role, isInstance: /^i-[\da-f]+$/.test(session) };
}

function withPolicy(by: string): string {
  return /policy$|boundary$/.test(by) ? by : `${by} policy`;
}

/** In IAM's words: AmazonECS pages, and IAM's "access denied error messages" (read 2026-11). */
function deniedIn(text: string): Words["denied"] {
  const action = /not authorized to perform:? (?<action>[a-z][a-z0-9-]*:[A-Za-z]+)/.exec(text)?.groups
    ?.action;
  if (action === undefined) return undefined;
  const resource = /\bon resource:? (?<resource>\S+)/.exec(text)?.groups?.resource?.replace(/[.,;]$/, "");
  const by =
    /because no (?<by>[a-zA-Z -]+?) (?:policy )?allows/.exec(text)?.groups?.by ??
    /explicit deny in an? (?<by>[a-zA-Z -]+?)(?: policy)?(?::|\.|$| status)/.exec(text)?.groups?.by;
  return {
    action,
    ...(resource === undefined || resource === "*" ? {} : { resource }),
    ...(by === undefined ? {} : { by: withPolicy(by.trim()) }),
    isExplicit: /explicit deny/i.test(text),
  };
}
