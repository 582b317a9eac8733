/**
 * Brings one image into ECR: copies it into a repository of ours, or has a pull-through cache fetch it.
 *
 * The copier skips what is there, so an attempt that was cut off goes on where it stopped. What asking again cannot cure
 * (a quota, a refused login) is an answer, and the next source's turn.
 */

import * as z from "zod";
import { type Digest, isDigest } from "../image/digest.ts";
import { ecrHost } from "../image/hosts.ts";
import { InvalidInput } from "../image/invalid-input.ts";
import { parsePlatform } from "../image/platform.ts";
import { parseReference, pinned } from "../image/reference.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { Steps } from "../runtime/steps.ts";
import type { Policy } from "../substitution/policy.ts";
import { copyTag } from "../substitution/strategies/own-copy.ts";
import { awsErrorBehind, isPassing } from "./aws-error.ts";
import type { Ports } from "./ports.ts";
import { type Warmed, warm } from "./warm.ts";

const image = {
  digest: z.string().refine(isDigest, "a digest"),
  /** Repository in our own ECR, with the tag of the image that the copy stands for. */
  target: z.string(),
  platform: z.string().optional(),
};

const requestSchema = z.union([
  z.strictObject({
    ...image,
    kind: z.literal("copy").default("copy"),
    source: z.string(),
    /** Asks the source as nobody, although an account is configured. */
    anonymous: z.boolean().default(false),
  }),
  /** Has ECR fetch what a pull-through rule leads to. */
  z.strictObject({ ...image, kind: z.literal("warm") }),
]);

export type MirrorRequest = z.input<typeof requestSchema>;
type Request = z.output<typeof requestSchema> & { readonly digest: Digest };

export type MirrorResult = {
  readonly kind: "copied";
  readonly target: string;
  readonly digest: string;
  readonly tag?: string;
  readonly alreadyPresent: boolean;
  readonly bytesMoved: number;
};

/** The mirror workflow. Throws InvalidInput for a target that is not ours to fill. */
export async function mirror(
  input: unknown,
  ports: Ports,
  policy: Policy,
  steps: Steps,
): Promise<MirrorResult | Warmed> {
  const request = readRequest(input, ports);
  const target = parseReference(request.target);
  const platform = request.platform === undefined ? {} : { platform: parsePlatform(request.platform) };
  if (request.kind === "warm")
    return await warm({ target, digest: request.digest, ...platform }, ports, steps);
  if (!target.path.startsWith(`${policy.mirrorPrefix}/`)) {
    throw new InvalidInput("target", `a repository under ${policy.mirrorPrefix}/, got ${request.target}`);
  }

  const source = pinned(parseReference(request.source), request.digest);
  const { copier } = request.anonymous ? (ports.anonymous ?? ports) : ports;
  const { immutableTags, scanOnPush, kmsKey, tags } = policy.repository;
  const repository = await steps.step("repository", () =>
    ports.ecr.ensureRepository(target.path, {
      immutableTags,
      scanOnPush,
      ...(kmsKey === undefined ? {} : { kmsKey }),
      tags: { ...tags, "repull:source": `${source.host}/${source.path}` },
    }),
  );
  const copyOnce = async (): Promise<MirrorResult> => {
    const copied = await copier.copy({
      source,
      target: { host: target.host, path: target.path },
      tagFor: (digest) => copyTag(target.tag, digest),
      ...(platform.platform === undefined ? {} : { platforms: [platform.platform] }),
      // Still safe for a second attempt: what the first one left is only sent again, not lost.
      targetIsEmpty: repository === "created",
    });
    ports.log.info("image copied", {
      target: request.target,
      digest: copied.digest,
      bytesMoved: copied.bytesMoved,
      repository,
    });
    return {
      kind: "copied",
      target: request.target,
      digest: copied.digest,
      ...(copied.tag === undefined ? {} : { tag: copied.tag }),
      alreadyPresent: copied.alreadyPresent,
      bytesMoved: copied.bytesMoved,
    };
  };
  return await steps.step("copy", () => copyOnce().catch(refusalOf), { attempts: 4 });
}

/** A quota or a refused login is not cured by asking again; anything else is thrown on, and worth another attempt. */
function refusalOf(error: unknown): { kind: "refused"; because: string } {
  const behind = awsErrorBehind(error);
  if (behind !== undefined && isPassing(behind)) throw error;
  const inner = error instanceof Error && error.cause instanceof RegistryError ? error.cause : error;
  const isFinal =
    behind !== undefined ||
    (inner instanceof RegistryError &&
      ["rate-limited", "unauthorized", "denied", "absent"].includes(inner.kind));
  if (!isFinal || !(error instanceof Error)) throw error;
  return { kind: "refused", because: error.message };
}

function readRequest(input: unknown, { home }: Ports): Request {
  const read = requestSchema.safeParse(input);
  if (!read.success) {
    const issue = read.error.issues[0];
    throw new InvalidInput(issue?.path.join(".") ?? "", issue?.message ?? "a mirror request", {
      cause: read.error,
    });
  }
  const { digest } = read.data;
  if (parseReference(read.data.target).host !== ecrHost(home.account, home.region) || !isDigest(digest))
    throw new InvalidInput("target", `a repository in our own registry, got ${read.data.target}`);
  return { ...read.data, digest };
}
