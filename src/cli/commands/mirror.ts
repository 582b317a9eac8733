/** `repull mirror`: copies one image between two registries and says what it did. */

import { InvalidInput } from "../../image/invalid-input.ts";
import { type Platform, parsePlatform, printPlatform } from "../../image/platform.ts";
import { canonicalName, type ImageReference, parseReference } from "../../image/reference.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import type { FindCredentials } from "../../oci/auth/credentials.ts";
import { connectTo } from "../../oci/client/connect-to.ts";
import { formatPulls } from "../../oci/client/rate-limit.ts";
import { createRegistries } from "../../oci/client/registries.ts";
import { type CopierOptions, createCopier } from "../../oci/copy/copier.ts";
import { CopyError } from "../../oci/copy/copy-error.ts";
import type { CopyRequest, CopyResult } from "../../oci/copy/types.ts";
import { endpointsWithLogin } from "../../oci/http/endpoints-with-login.ts";
import { httpTransport } from "../../oci/http/http-transport.ts";
import { EndpointsError, parseEndpoints } from "../../oci/http/registry-endpoints.ts";
import { type Clock, systemClock, type Timer } from "../../runtime/clock.ts";
import { awsSettingsIn } from "../account/aws-settings.ts";
import type { DeployedConfigOptions } from "../account/deployed-config.ts";
import { userCredentials } from "../account/registry-credentials.ts";
import { allowCopy } from "../account/sessions/mirror-rules.ts";
import { EXIT, exitStatusOf } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { ABUSE_ADVICE, isAbuseLimit } from "../output/abuse-advice.ts";
import { tellWrongCall } from "../output/command-error.ts";
import { jsonLine } from "../output/json-line.ts";
import { copyProgress } from "../output/progress/copy-progress.ts";
import { RefusedCommand } from "../refused-command.ts";
import { formatCopy } from "./format-copy.ts";

export type MirrorInput = {
  readonly source: string;
  readonly target: string;
  readonly platforms: readonly string[];
  readonly allPlatforms: boolean;
  readonly referrers?: boolean;
  /** Further tags of the target that are to name the copy. */
  readonly alsoTag?: readonly string[];
  /** Blobs at once, as written on the command line; absent: what the target's host bears (`concurrencyFor`). */
  readonly concurrency?: string;
  /** Seconds for the whole copy, as written on the command line. */
  readonly timeout?: string;
  readonly json: boolean;
} & DeployedConfigOptions;

/** As many connections as the transport keeps to one host. */
const CONCURRENCY_MAX = 32;
/** As long as a token of ECR lives. */
const TIMEOUT_SECONDS = 12 * 3600;
/** What a timer can count: 24 days. */
const TIMEOUT_SECONDS_MAX = 2_000_000;

/** Runs the command; answers its exit status. Without a choice of platforms the whole image is copied. */
export async function mirror(
  input: MirrorInput,
  io: CommandIo,
  clock: Clock = systemClock,
  timer: Timer = systemClock,
): Promise<number> {
  const asked = requestFrom(input, io);
  if ("because" in asked) return tellWrongCall("mirror", asked.because, input.json, io);
  const { request, also, endpoints, concurrency, timeoutSeconds } = asked;
  const startedAt = clock.now();
  const seconds = (): number => (clock.now() - startedAt) / 1000;
  const late = new AbortController();
  const callOff = timer.after(timeoutSeconds * 1000, () => late.abort(new Error("the time is over")));
  const signal = AbortSignal.any([io.signal, late.signal]);
  const send = httpTransport({ clock, proxyEnv: io.env });
  const progress = copyProgress(io, clock, timer);
  try {
    const rules = await before(late.signal, allowCopy(request, input, io));
    // By now the copy is allowed. The connections' round trips pass while TLS is loaded and the target is asked.
    await connectTo([request.target, request.source], endpoints, send);
    const what = request.platforms?.map(printPlatform).join(", ") ?? "the whole image";
    const by = rules === undefined ? "" : `     by ${rules}\n`;
    io.err(
      `Copying ${canonicalName(request.source)} (${what})\n     to ${canonicalName(request.target)}\n${by}`,
    );
    const credentials = userCredentials(io, ecrCredentials(io, clock));
    const seen = io.outgoing?.sending(send, true) ?? send;
    const registries = createRegistries({ send: seen, clock, timer, endpoints, credentials });
    const copier = createCopier({ registries, clock, ...concurrency });
    const result = await copier.copy(request, { ...progress, signal });
    // From the copy itself: what is there is not asked for at the source again.
    for (const target of also)
      await copier.copy({ source: { ...request.target, digest: result.digest }, target }, { signal });
    const tags = also.flatMap(({ tag }) => tag ?? []);
    progress.end();
    io.out(
      input.json
        ? jsonLine("copy", asJson(request, result, tags, seconds()))
        : formatCopy(request, result, tags, seconds()),
    );
    return EXIT.done;
  } catch (error) {
    progress.end();
    if (late.signal.aborted && error === late.signal.reason) {
      const because = `the ${timeoutSeconds} s of --timeout are over; nothing was written`;
      if (input.json) io.out(refusedAsJson(request, "failed", { kind: "aborted", because }));
      io.err(`repull mirror: ${because}\n`);
      return EXIT.unfinished;
    }
    if (error instanceof RefusedCommand && input.json) {
      const { code, message: because } = error;
      io.out(refusedAsJson(request, "refused", { code, because }));
    }
    if (!(error instanceof CopyError)) throw error;
    if (input.json) io.out(jsonLine("copy", failureAsJson(request, error, seconds())));
    const overdue = late.signal.aborted ? timeoutSeconds : undefined;
    io.err(`repull mirror: ${error.message}\n${advice(error, request.target, overdue)}`);
    if (error.kind !== "aborted") return exitStatusOf(error.kind);
    return overdue === undefined ? EXIT.stopped : EXIT.unfinished;
  } finally {
    callOff();
    send.close();
  }
}

/** A promise's answer, unless the time is over before it comes: AWS's clients know of no time-out of ours. */
async function before<T>(late: AbortSignal, promise: Promise<T>): Promise<T> {
  return await Promise.race([
    promise,
    new Promise<never>((_, reject) =>
      late.addEventListener("abort", () => reject(late.reason), { once: true }),
    ),
  ]);
}

type Asked =
  | {
      readonly request: CopyRequest;
      readonly also: readonly ImageReference[];
      readonly endpoints: ReturnType<typeof endpointsWithLogin>;
      readonly concurrency: Pick<CopierOptions, "concurrency">;
      readonly timeoutSeconds: number;
    }
  | { readonly because: string };

function requestFrom(input: MirrorInput, io: CommandIo): Asked {
  try {
    if (input.allPlatforms && input.platforms.length > 0) {
      return { because: "either --platform or --all-platforms" };
    }
    const blobs = input.concurrency === undefined ? undefined : Number(input.concurrency);
    if (blobs !== undefined && !(Number.isInteger(blobs) && blobs >= 1 && blobs <= CONCURRENCY_MAX)) {
      return {
        because: `--concurrency: expected 1 to ${CONCURRENCY_MAX}, got ${JSON.stringify(input.concurrency)}`,
      };
    }
    const timeoutSeconds = input.timeout === undefined ? TIMEOUT_SECONDS : Number(input.timeout);
    if (!(timeoutSeconds > 0 && timeoutSeconds <= TIMEOUT_SECONDS_MAX)) {
      const got = JSON.stringify(input.timeout);
      return { because: `--timeout: expected seconds up to ${TIMEOUT_SECONDS_MAX}, got ${got}` };
    }
    const source = named("SOURCE", input.source);
    const given = named("TARGET", input.target);
    if (given.digest !== undefined)
      return { because: "TARGET is named by a tag: its digest is the source's" };
    // Without a tag of its own, the target is called what the source is called.
    const tag = given.tag ?? source.tag ?? (source.digest === undefined ? "latest" : undefined);
    const target = tag === undefined ? given : { ...given, tag };
    const mapped = parseEndpoints(io.env.REPULL_REGISTRY_ENDPOINTS);
    const also = (input.alsoTag ?? []).map((one) =>
      named("--also-tag", `${target.host}/${target.path}:${one}`),
    );
    const platforms: readonly Platform[] = input.platforms.map(parsePlatform);
    return {
      request: {
        source,
        target,
        ...(platforms.length === 0 ? {} : { platforms }),
        ...(input.referrers === true ? { referrers: true } : {}),
      },
      also,
      endpoints: endpointsWithLogin(mapped, io.env.AWS_ENDPOINT_URL),
      concurrency: blobs === undefined ? {} : { concurrency: () => blobs },
      timeoutSeconds,
    };
  } catch (error) {
    if (error instanceof InvalidInput || error instanceof EndpointsError) return { because: error.message };
    throw error;
  }
}

function named(which: string, text: string): ImageReference {
  try {
    return parseReference(text);
  } catch (error) {
    throw error instanceof InvalidInput ? new InvalidInput(which, error.expected, { cause: error }) : error;
  }
}

/** ECR's own token by AWS's credentials. The SDK is loaded only where an ECR host asks for it: it costs start-up. */
function ecrCredentials(io: CommandIo, clock: Clock): FindCredentials {
  return async (host) => {
    const registry = registryOf(host);
    if (registry.kind !== "ecr") return undefined;
    const { createEcrCredentials } = await import("../../aws/registry/ecr-credentials.ts");
    return createEcrCredentials(awsSettingsIn(registry.region, io), clock)(host);
  };
}

function asJson(
  request: CopyRequest,
  result: CopyResult,
  alsoTagged: readonly string[],
  seconds: number,
): object {
  const { requests, ...rest } = result;
  return {
    outcome: result.alreadyPresent ? "already-present" : "copied",
    source: canonicalName(request.source),
    target: canonicalName(request.target),
    ...rest,
    ...(alsoTagged.length === 0 ? {} : { alsoTagged }),
    requests,
    seconds,
  };
}

function failureAsJson(request: CopyRequest, error: CopyError, seconds: number): object {
  const { kind, side, digest, quota, retryAfterSeconds, message } = error;
  return {
    outcome: "failed",
    source: canonicalName(request.source),
    target: canonicalName(request.target),
    kind,
    side,
    ...(digest === undefined ? {} : { digest }),
    ...(quota === undefined ? {} : { quota }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    because: message,
    seconds,
  };
}

/** What ended before a registry was asked. */
function refusedAsJson({ source, target }: CopyRequest, outcome: string, why: object): string {
  return jsonLine("copy", { outcome, source: canonicalName(source), target: canonicalName(target), ...why });
}

function advice(error: CopyError, target: ImageReference, overdue: number | undefined): string {
  if (error.kind === "aborted") {
    const why = overdue === undefined ? "" : `The ${overdue} s of --timeout are over. `;
    return `${why}Run it again: it goes on where it stopped.\n`;
  }
  if (error.kind === "rate-limited" && error.side === "source") {
    if (isAbuseLimit(error.refusal)) return `${ABUSE_ADVICE}\n`;
    const { quota } = error;
    const counted = quota === undefined ? "" : ` (${formatPulls(quota)} left)`;
    return `The source's limit is reached${counted}: log in with docker login, or wait until it grants pulls again.\n`;
  }
  const { refusal } = error;
  const { code } = (refusal?.cause ?? {}) as NodeJS.ErrnoException;
  const isDropped = error.side === "target" && (code === "ECONNRESET" || code === "EPIPE");
  if (isDropped && registryOf(refusal?.host ?? "").kind === "ecr") {
    return `ECR ends the connection where a repository does not exist: ${creating(target)}\n`;
  }
  return adviceFor(error, target);
}

/** A registry of ECR makes no repository at a push. */
function creating({ host, path }: ImageReference): string {
  const registry = registryOf(host);
  if (registry.kind !== "ecr") return "create it first.";
  return `aws ecr create-repository --repository-name ${path} --region ${registry.region}`;
}

/** What a person can do, by what went wrong and where. */
function adviceFor({ kind, side, refusal, message }: CopyError, target: ImageReference): string {
  const host = refusal?.host ?? "";
  const isEcr = registryOf(host).kind === "ecr";
  const login = `docker login ${host}`.trim();
  const advice: Readonly<Partial<Record<CopyError["kind"], string>>> = {
    unauthorized: isEcr ? "Set AWS credentials that are valid (AWS_PROFILE)." : `Log in with ${login}`,
    denied: isEcr
      ? "The caller's IAM policy and the repository's own decide: one of them has to allow it."
      : `Log in with an account that may do it: ${login}`,
    absent:
      side === "target"
        ? `The target has no such repository: ${creating(target)}`
        : `Check the name and the tag; a private image may be called absent without a login (${login}).`,
    "not-allowed": "registries.allowed in the policy decides which registries are asked.",
    "rate-limited": `The ${side} wants fewer requests: run it again later, or with --concurrency 1.`,
    unavailable: "Run it again later: it goes on where it stopped. Behind a proxy, set HTTPS_PROXY.",
    malformed: `The ${side} does not do what the specification says. Nothing has got a name at the target: ask who runs it, or name another registry.`,
    mismatch:
      "The source's bytes are not the image's. Nothing has got a name at the target: name another source.",
    "platform-absent": "Choose another --platform, or --all-platforms.",
    "platform-ambiguous": "Name one of them with --platform, or take --all-platforms.",
    "tag-taken": "Name another tag for the target.",
  };
  const told = advice[kind];
  // An advice that the message already has is not printed twice.
  return told === undefined || message.includes("NODE_EXTRA_CA_CERTS") ? "" : `${told}\n`;
}
