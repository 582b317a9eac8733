/**
 * Brings one image into ECR: copies it into a repository of ours, or has a pull-through cache fetch it.
 *
 * A copy that is cut off goes on where it stopped, in another invocation. What asking again cannot cure (a quota, a
 * refused login) is an answer, and the next source is tried.
 */

import * as z from "zod/mini";
import { findPortError } from "../../assessment/ports.ts";
import { optional } from "../../ecs/json-fields.ts";
import { type Digest, isDigest } from "../../image/digest.ts";
import { ecrHost } from "../../image/ecr-hosts.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { parsePlatform } from "../../image/platform.ts";
import { parseReference, pinToDigest } from "../../image/reference.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import { CopyError, type CopyErrorKind } from "../../oci/copy/copy-error.ts";
import { STOPPING_MS, withDeadline } from "../../runtime/deadline.ts";
import type { Steps } from "../../runtime/steps.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { copyTag } from "../../substitution/strategies/ecr-copy.ts";
import { isTransient } from "../ports/aws-error.ts";
import type { Ports } from "../ports/ports.ts";
import { copyWithCheckpoints } from "./checkpointed-copy.ts";
import { rejectCopyAhead, stopCopiesAhead, stopCopiesAheadIfPossible } from "./copy-ahead.ts";
import { acquireCopyQuota, type CopyRejected, claimantOf } from "./copy-quota.ts";
import { type CacheFilled, fillPullThroughCache } from "./fill-pull-through-cache.ts";

/** More than any cluster has. */
const PLATFORMS_MAX = 16;

const image = {
  digest: z.string().check(z.refine(isDigest, "a digest")),
  /** Repository in our own ECR, with the tag of the original image. */
  target: z.string(),
  /** Absent: all that the image has. */
  platforms: z.optional(z.array(z.string()).check(z.minLength(1), z.maxLength(PLATFORMS_MAX))),
};

const requestSchema = z.union([
  z.strictObject({
    ...image,
    kind: z._default(z.literal("copy"), "copy"),
    source: z.string(),
    /** Reads the source anonymously, although an account is configured. */
    anonymous: z._default(z.boolean(), false),
    /** Nothing needs it yet: it leaves what healing needs. */
    ahead: z._default(z.boolean(), false),
    wantedBy: z._default(z.enum(["prefill", "refresh", "images"]), "prefill"),
  }),
  /** Has ECR fetch what a pull-through rule leads to. */
  z.strictObject({ ...image, kind: z.literal("fill-cache") }),
]);

type Request = z.output<typeof requestSchema> & { readonly digest: Digest };

export type MirrorResult = {
  readonly kind: "copied";
  readonly target: string;
  readonly digest: string;
  readonly tag?: string;
  readonly alreadyPresent: boolean;
  readonly bytesMoved: number;
};

/** What a copy asks of the world. */
export type MirrorPorts = Pick<
  Ports,
  "location" | "ecr" | "registries" | "copier" | "anonymous" | "quotaStore" | "clock" | "log"
>;

/**
 * The mirror workflow. Throws InvalidInput for a target that is not ours to fill.
 * @param millisecondsLeft what is left of this invocation, asked when a step of the copy begins; absent: without limit
 */
export async function mirror(
  input: unknown,
  ports: MirrorPorts,
  policy: Policy,
  steps: Steps,
  millisecondsLeft: () => number = () => Number.POSITIVE_INFINITY,
): Promise<MirrorResult | CacheFilled | CopyRejected> {
  const request = readRequest(input, ports);
  const target = parseReference(request.target);
  const platforms = (request.platforms ?? []).map(parsePlatform);
  if (request.kind === "copy") requireMirrorPrefix(target.path, policy);
  if (request.kind === "fill-cache")
    return await fillPullThroughCache({ target, digest: request.digest, platforms }, ports, steps);

  const source = pinToDigest(parseReference(request.source), request.digest);
  const { copier, registries } = request.anonymous ? (ports.anonymous ?? ports) : ports;
  if (request.ahead) {
    const ahead = {
      source,
      claimant: claimantOf(request),
      wantedBy: request.wantedBy,
      ...optional("platforms", request.platforms?.length),
    };
    const rejected = await rejectCopyAhead(ahead, policy, { ...ports, registries }, steps);
    if (rejected !== undefined) return rejected;
  }
  const { immutableTags, kmsKey, tags } = policy.mirrors;
  // Known only to the invocation that made it: any other finds what was left there.
  let isEmpty = false;
  const repository = await steps.step("repository", async () => {
    const settings = {
      immutableTags,
      ...(kmsKey === undefined ? {} : { kmsKey }),
      tags: { ...tags, "repull:source": `${source.host}/${source.path}` },
    };
    const ensured = await ports.ecr.ensureRepository(target.path, settings).catch(refusedOrThrow);
    isEmpty = ensured === "created";
    return ensured;
  });
  if (typeof repository === "object") return repository;
  const copyRequest = {
    source,
    target: { host: target.host, path: target.path },
    tagFor: (digest: Digest) => copyTag(target.tag, digest),
    ...(platforms.length === 0 ? {} : { platforms, asIndex: true }),
    targetIsEmpty: isEmpty,
  };
  const ended = await copyWithCheckpoints(
    {
      copier,
      request: copyRequest,
      inTime: (work) => withDeadline(ports.clock, millisecondsLeft(), work),
      hasTime: () => millisecondsLeft() > 2 * STOPPING_MS,
      refusalOf,
      acquireBytes: (bytes) => acquireCopyQuota(bytes, request, policy, ports, steps),
    },
    steps,
  );
  if (ended.kind === "refused") {
    if (!ended.limited) return ended;
    if (request.ahead) return await stopCopiesAhead(ports, steps);
    if (isDockerHubFront(source.host)) await stopCopiesAheadIfPossible(ports, steps);
    return ended;
  }
  const { digest, tag, alreadyPresent, bytesMoved } = ended.result;
  ports.log.info("image copied", { target: request.target, digest, bytesMoved, repository });
  return {
    kind: "copied",
    target: request.target,
    digest,
    ...(tag === undefined ? {} : { tag }),
    alreadyPresent: alreadyPresent && bytesMoved === 0,
    bytesMoved,
  };
}

function requireMirrorPrefix(repository: string, { mirrorPrefix }: Policy): void {
  if (mirrorPrefix === undefined)
    throw new InvalidInput("target", "no copy: the stack's parameter MirrorPrefix is empty");
  if (!repository.startsWith(`${mirrorPrefix}/`))
    throw new InvalidInput("target", `a repository under ${mirrorPrefix}/, got ${repository}`);
}

/** What is true of the image itself, whenever it is asked for. */
const OF_THE_IMAGE: readonly CopyErrorKind[] = ["platform-absent", "platform-ambiguous", "unsupported"];

/** A quota, a refused login or an image of another kind is not cured by asking again; anything else is worth another attempt. */
function refusalOf(error: unknown): CopyRejected | undefined {
  const behind = findPortError(error);
  if (behind !== undefined && isTransient(behind)) return undefined;
  const inner = error instanceof Error && error.cause instanceof RegistryError ? error.cause : error;
  const isFinal =
    behind !== undefined ||
    (error instanceof CopyError && OF_THE_IMAGE.includes(error.kind)) ||
    (inner instanceof RegistryError &&
      ["rate-limited", "unauthorized", "denied", "not-allowed", "absent"].includes(inner.kind));
  if (!isFinal || !(error instanceof Error)) return undefined;
  const isLimit = inner instanceof RegistryError && inner.kind === "rate-limited";
  return {
    kind: "refused",
    ...(isLimit ? { code: "rate-limited", limited: true } : {}),
    because: error.message,
  };
}

/** A repository that may not be created is a refusal, like a copy that may not be written: asking again cures neither. */
function refusedOrThrow(error: unknown): CopyRejected {
  const refused = refusalOf(error);
  if (refused === undefined) throw error;
  return refused;
}

function readRequest(input: unknown, { location }: Pick<Ports, "location">): Request {
  const read = requestSchema.safeParse(input);
  if (!read.success) {
    const issue = read.error.issues[0];
    throw new InvalidInput(issue?.path.join(".") ?? "", issue?.message ?? "a mirror request", {
      cause: read.error,
    });
  }
  const { digest } = read.data;
  if (
    parseReference(read.data.target).host !== ecrHost(location.account, location.region) ||
    !isDigest(digest)
  )
    throw new InvalidInput("target", `a repository in our own registry, got ${read.data.target}`);
  return { ...read.data, digest };
}
