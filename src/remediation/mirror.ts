/**
 * Copies one image into ECR: makes the repository, then moves what is missing.
 *
 * The copier skips what is there, so an attempt that was cut off goes on where it stopped.
 */

import * as z from "zod";
import { isDigest } from "../image/digest.ts";
import { ecrHost } from "../image/hosts.ts";
import { InvalidInput } from "../image/invalid-input.ts";
import { parsePlatform } from "../image/platform.ts";
import { parseReference, pinned } from "../image/reference.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { Steps } from "../runtime/steps.ts";
import type { Policy } from "../substitution/policy.ts";
import { copyTag } from "../substitution/strategies/own-copy.ts";
import type { Ports } from "./ports.ts";

const requestSchema = z.strictObject({
  source: z.string(),
  digest: z.string().refine(isDigest, "a digest"),
  /** Repository in our own ECR, with the tag of the image that the copy stands for. */
  target: z.string(),
  platform: z.string().optional(),
});

export type MirrorRequest = z.infer<typeof requestSchema>;

export type MirrorResult = {
  readonly target: string;
  readonly digest: string;
  readonly tag?: string;
  readonly alreadyPresent: boolean;
  readonly bytesMoved: number;
};

/** The mirror workflow. Throws InvalidInput for a target outside our own registry and prefix. */
export async function mirror(
  input: unknown,
  ports: Ports,
  policy: Policy,
  steps: Steps,
): Promise<MirrorResult> {
  const request = readRequest(input, ports, policy);
  const target = parseReference(request.target);
  const source = pinned(parseReference(request.source), request.digest);
  const repository = await steps.step("repository", () =>
    ports.ecr.ensureRepository(target.path, {
      immutableTags: true,
      scanOnPush: false,
      tags: { "repull:source": `${source.host}/${source.path}` },
    }),
  );
  return await steps.step(
    "copy",
    async () => {
      const copied = await ports.copier.copy({
        source,
        target: { host: target.host, path: target.path },
        tagFor: (digest) => copyTag(target.tag, digest),
        ...(request.platform === undefined ? {} : { platforms: [parsePlatform(request.platform)] }),
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
        target: request.target,
        digest: copied.digest,
        ...(copied.tag === undefined ? {} : { tag: copied.tag }),
        alreadyPresent: copied.alreadyPresent,
        bytesMoved: copied.bytesMoved,
      };
    },
    { attempts: 4, retryIf: (error) => !isQuota(error) },
  );
}

/** A quota's refusal is not cured by asking again. */
function isQuota(error: unknown): boolean {
  const inner = error instanceof Error && error.cause instanceof RegistryError ? error.cause : error;
  return inner instanceof RegistryError && inner.kind === "rate-limited";
}

function readRequest(
  input: unknown,
  { home }: Ports,
  { mirrorPrefix }: Policy,
): MirrorRequest & { digest: `sha256:${string}` | `sha512:${string}` } {
  const read = requestSchema.safeParse(input);
  if (!read.success) {
    const issue = read.error.issues[0];
    throw new InvalidInput(issue?.path.join(".") ?? "", issue?.message ?? "a mirror request", {
      cause: read.error,
    });
  }
  const { digest } = read.data;
  const target = parseReference(read.data.target);
  const ours =
    target.host === ecrHost(home.account, home.region) && target.path.startsWith(`${mirrorPrefix}/`);
  if (!ours || !isDigest(digest))
    throw new InvalidInput(
      "target",
      `a repository under ${mirrorPrefix}/ in our own registry, got ${read.data.target}`,
    );
  return { ...read.data, digest };
}
