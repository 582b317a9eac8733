/** What a registry answered, and what failed at the secrets, logs or files of a start where no action and no network is named. */

import { ecrRegistryOf } from "../../image/ecr-hosts.ts";
import { tryParseReference } from "../../image/reference.ts";
import type { CauseCode } from "../causes.ts";
import type { Found, Told } from "./told.ts";

/** Prefixes that people give the rules of a pull-through cache: those that ECR's console proposes, and their like. */
const CACHE_PREFIX =
  /^(?:ecr-public|docker-?hub|docker|quay|ghcr|github|kubernetes|k8s|registry-k8s-io|gitlab|azure|acr|mcr|chainguard)\//;

export function pullCauses(told: Told): readonly Found[] | undefined {
  return resourceCauses(told) ?? registryCauses(told) ?? namedErrors(told);
}

function resourceCauses({ words }: Told): readonly Found[] | undefined {
  const { text, target } = words;
  const isMissing =
    /ResourceNotFound|can't find the specified|not ?found|does not exist|NoSuch(?:Key|Bucket)|marked (?:for deletion|deleted)/i.test(
      text,
    );
  const isDenied = /AccessDenied|not authorized|Forbidden|status code: 403/i.test(text);
  if (target === "logs") {
    if (
      /awslogs-region is required|MissingEndpoint|'Endpoint' configuration|MissingRegion|invalid endpoint/i.test(
        text,
      )
    )
      return certain("log-region-invalid");
    if (isMissing) return certain("log-group-missing");
    if (isDenied)
      return likely("execution-role-may-not-write-logs", "execution-role-may-not-create-log-group");
    return undefined;
  }
  if (/registry auth from asm|asm fetching/i.test(text))
    return isMissing
      ? certain("secret-missing", secretIn(text))
      : likely(
          "registry-credentials-secret-not-readable",
          "execution-role-may-not-read-secret",
          "no-way-to-secrets-manager",
        );
  if (target === "secretsmanager") {
    if (isMissing) return certain("secret-missing", secretIn(text));
    if (isDenied) return likely("execution-role-may-not-read-secret", "execution-role-may-not-decrypt");
    return undefined;
  }
  if (target === "ssm" || /invalid parameters?:|ParameterNotFound/i.test(text)) {
    if (isMissing || /invalid parameters?:/i.test(text))
      return certain("parameter-missing", parameterIn(text));
    if (isDenied) return likely("execution-role-may-not-read-parameter", "execution-role-may-not-decrypt");
    return undefined;
  }
  if (target === "s3" && /env/i.test(text)) {
    if (isMissing) return certain("env-file-missing");
    // Without s3:ListBucket, S3 says of an object that is not there that it is forbidden. (API_HeadObject, read 2026-11)
    if (isDenied) return likely("execution-role-may-not-read-env-file", "env-file-missing");
    return likely("no-way-to-s3", "execution-role-may-not-read-env-file", "env-file-missing");
  }
  if (target === "ecr.api" && isDenied) return likely("role-may-not-get-ecr-token");
  return undefined;
}

function registryCauses({ words, reason }: Told): readonly Found[] | undefined {
  const { text, host = "" } = words;
  const isEcr = ecrRegistryOf(host) !== undefined || /\d{12}\.dkr[.-]ecr/.test(text);
  const params = imageIn(text, reason.image);
  if (
    /docker\.io\/library\/sha256:|"?sha256:[\da-f]+"?: (?:pull access|invalid)/i.test(text) ||
    reason.image?.startsWith("sha256:")
  )
    return certain("image-is-a-bare-digest", params);
  if (/upstream registry/i.test(text))
    return /authentication|credential/i.test(text)
      ? certain("pull-through-cache-credentials-refused", params)
      : likely("pull-through-cache-may-not-fill", "pull-through-cache-credentials-refused");
  const repository = /repository with name '(?<name>[^']+)'/.exec(text)?.groups?.name;
  if (repository !== undefined)
    return CACHE_PREFIX.test(repository)
      ? likelyAbout({ repository }, "pull-through-cache-may-not-create-repository", "repository-missing")
      : likelyAbout({ repository }, "repository-missing", "pull-through-cache-may-not-create-repository");
  if (/repository \S+ not found: does not exist or no pull access/i.test(text))
    return likelyAbout(params, "no-such-repository-or-private", "repository-missing");
  // Docker had no login at all: on an instance the agent got none, for want of a right.
  if (/no basic auth credentials/i.test(text))
    return isEcr
      ? likelyAbout(params, "role-may-not-get-ecr-token", "role-may-not-pull", "pull-denied")
      : likelyAbout(params, "no-such-repository-or-private", "registry-credentials-refused");
  if (
    /incorrect username or password|401 Unauthorized|authentication required|unauthorized: /i.test(text) &&
    !isEcr
  )
    return /incorrect/i.test(text)
      ? certain("registry-credentials-refused", params)
      : likelyAbout(params, "no-such-repository-or-private", "registry-credentials-refused");
  if (
    /403 Forbidden|status code.{0,30}403|: denied\b/i.test(text) &&
    isEcr &&
    !/pull access denied/i.test(text)
  )
    return /sha256:/.test(text)
      ? likelyAbout(
          params,
          "digest-of-deployment-gone-or-repository-denied",
          "role-may-not-pull",
          "repository-policy-denies",
        )
      : likelyAbout(params, "pull-denied", "role-may-not-pull", "repository-policy-denies");
  if (/pull access denied|insufficient_scope|authorization failed/i.test(text))
    return isEcr
      ? likelyAbout(params, "pull-denied", "role-may-not-pull", "repository-missing")
      : certain("no-such-repository-or-private", params);
  if (
    /manifest unknown|not found|Requested image not found|does not exist|404/i.test(text) &&
    /pull|resolve|manifest|image|Tag /i.test(text)
  ) {
    // A deployment is fixed to a digest: another push does not bring it back.
    if (isEcr && /@sha256:/.test(text))
      return likelyAbout(params, "digest-of-deployment-gone-or-repository-denied", "tag-not-in-repository");
    const cached = CACHE_PREFIX.test(pathIn(text));
    return cached
      ? likelyAbout(params, "pull-through-cache-may-not-fill", "tag-not-in-repository")
      : likelyAbout(params, "tag-not-in-repository", ...(isEcr ? (["repository-missing"] as const) : []));
  }
  if (/HTTP (?:408|5\d\d) response body/i.test(text))
    return likelyAbout(
      words.host === undefined ? {} : { host: words.host },
      "registry-fails",
      "pull-interrupted",
    );
  if (/\b50[0234] (?:Internal|Bad|Service|Gateway)|status code.{0,200}\b50[0234]\b/i.test(text))
    return likelyAbout(words.host === undefined ? {} : { host: words.host }, "registry-fails");
  if (/403 Forbidden/i.test(text))
    return likelyAbout(
      params,
      "no-such-repository-or-private",
      "registry-credentials-refused",
      "pull-denied",
    );
  return undefined;
}

/** What is left is named by the error alone. The first name counts: others only repeat a cause of it. */
// biome-ignore format: a table is read by its columns
const BY_ERROR: Readonly<Record<string, CauseCode>> = {
  CannotCreateContainerError:   "docker-cannot-create",
  CannotCreateVolumeError:      "docker-cannot-create",
  InvalidVolumeError:           "mount-not-possible",
  CannotStartContainerError:    "container-cannot-start",
  ContainerRuntimeTimeoutError: "container-runtime-timeout",
  ContainerRuntimeError:        "container-runtime-error",
  InternalError:                "ecs-internal-error",
};

function namedErrors({ words, start }: Told): readonly Found[] | undefined {
  const { text, error = "" } = words;
  if (/Could not transition to created/i.test(text)) return likely("docker-too-slow-to-create");
  if (/DockerTimeoutError|Could not transition to started/i.test(text))
    return likely("docker-too-slow-to-start", "no-way-to-cloudwatch-logs");
  if (error === "CannotInspectContainerError" || error === "CannotStopContainerError")
    return likely("docker-does-not-answer");
  if (/container health checks?/i.test(text)) return certain("container-health-check-failed");
  if (/ELB health checks|is (?:unhealthy|not healthy) in\b/i.test(text))
    return likelyAbout(targetGroupIn(text), "load-balancer-health-check-failed");
  if (
    /Scaling activity initiated|scheduler initiated|stopped by user|Task stopped by/i.test(text) ||
    start.stopCode === "UserInitiated"
  )
    return certain("stopped-on-purpose");
  const code = Object.hasOwn(BY_ERROR, error) ? BY_ERROR[error] : undefined;
  if (code !== undefined) return likely(code);
  if (/^InternalError|Reason: Internal error/i.test(text)) return likely("ecs-internal-error");
  if (/CannotPull.{0,40}context cancell?ed$/i.test(text))
    return likely("pull-interrupted", "instance-disk-full");
  return /failed to (?:unpack image|extract layer|register layer)|filesystem layer verification failed/i.test(
    text,
  )
    ? likely("pull-interrupted", "image-is-no-container-image")
    : undefined;
}

/** The image that is named, and what of ECR its name has: repository, tag, region. */
function imageIn(text: string, image: string | undefined): Readonly<Record<string, string>> {
  const named =
    /(?:resolve ref(?:erence)?|manifest for|pull access denied for|cannot pull) "?(?<image>[\w./:@-]+?)"?(?:[:,]? |:$|$)/i.exec(
      text,
    )?.groups?.image;
  const found = named?.replace(/:$/, "") ?? image;
  if (found === undefined) return {};
  const reference = tryParseReference(found);
  const registry = reference && ecrRegistryOf(reference.host);
  if (reference === undefined || registry === undefined) return { image: found };
  const { tag, digest, path } = reference;
  return {
    image: found,
    repository: path,
    region: registry.region,
    ...(tag === undefined || digest !== undefined ? {} : { tag }),
  };
}

function targetGroupIn(text: string): Readonly<Record<string, string>> {
  const found = /target-group (?<arn>arn:aws[a-z-]*:elasticloadbalancing:[\w:/.-]+)/.exec(text)?.groups?.arn;
  return found === undefined ? {} : { targetGroup: found };
}

/** Which one: the account may have several, and another of them a fault of its own. */
function secretIn(text: string): Readonly<Record<string, string>> {
  const found = /(?<arn>arn:aws[a-z-]*:secretsmanager:[\w-]+:\d*:secret:[\w/+=.@-]*[\w/+=@-])/.exec(text)
    ?.groups?.arn;
  return found === undefined ? {} : { secret: found };
}

function parameterIn(text: string): Readonly<Record<string, string>> {
  const found = /invalid parameters?: (?<name>\/?[\w./-]*\w)/i.exec(text)?.groups?.name;
  return found === undefined ? {} : { parameter: found };
}

function pathIn(text: string): string {
  return /\d{12}\.dkr[.-]ecr[\w.-]*\/(?<path>[\w./-]+)/.exec(text)?.groups?.path ?? "";
}

function certain(code: CauseCode, params: Readonly<Record<string, string>> = {}): readonly Found[] {
  return [{ code, isCertain: true, params }];
}

function likely(...codes: readonly CauseCode[]): readonly Found[] {
  return likelyAbout({}, ...codes);
}

function likelyAbout(
  params: Readonly<Record<string, string>>,
  ...codes: readonly CauseCode[]
): readonly Found[] {
  return codes.map((code) => ({ code, isCertain: false, params }));
}
