/**
 * What an earlier remediation trusted, where it rolled its change back: the service is on the revision that fails again,
 * and ECS has resolved its tags anew for that. What was meant is what the first execution found.
 */

import * as z from "zod/mini";
import { type Digest, isDigest } from "../../image/digest.ts";

export type RollbackRecord = {
  readonly clusterArn: string;
  readonly service: string;
  /** The revisions that the service may have been rolled back to: the former one, or its copy. */
  readonly revisions: readonly string[];
  /** Image as written → the digest that was trusted. */
  readonly trusted: Readonly<Record<string, Digest>>;
};

const schema = z.object({
  outcome: z.literal("rolled-back"),
  workload: z.object({ kind: z.literal("service"), cluster: z.string(), name: z.string() }),
  formerTaskDefinition: z.string(),
  restoredTaskDefinition: z.optional(z.string()),
  images: z.array(
    z.object({
      image: z.string(),
      trusted: z.optional(z.object({ digest: z.string() })),
    }),
  ),
});

/** The rollback that a remediation's result reports; nothing where it reports none. */
export function rollbackIn(result: unknown): { readonly rolledBack?: RollbackRecord } {
  const read = schema.safeParse(result);
  if (!read.success) return {};
  const { workload, formerTaskDefinition, restoredTaskDefinition, images } = read.data;
  const trusted = images.flatMap(({ image, trusted: found }) =>
    isDigest(found?.digest) ? [[image, found.digest] as const] : [],
  );
  return {
    rolledBack: {
      clusterArn: workload.cluster,
      service: workload.name,
      revisions: [
        formerTaskDefinition,
        ...(restoredTaskDefinition === undefined ? [] : [restoredTaskDefinition]),
      ],
      trusted: Object.fromEntries(trusted),
    },
  };
}
