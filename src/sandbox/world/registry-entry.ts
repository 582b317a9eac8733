/** Registries in a world file: their images, quotas and accounts. */

import * as z from "zod";

export const image = z.strictObject({
  /** `linux/amd64` and `linux/arm64` by default; one alone has no index. */
  platforms: z.array(z.string()).min(1).optional(),
  /** `os.version` of each Windows platform, in their order: an index of several builds names one for each. */
  osVersions: z.array(z.string()).optional(),
  /** An index that names no platform for its manifests: only their configs do. */
  namesNoPlatforms: z.boolean().optional(),
  /** An index of indexes: one for each platform. */
  nested: z.boolean().optional(),
  /** The size of its layers together, for each platform: 64 by default. */
  kilobytes: z.number().int().positive().max(16_384).optional(),
  /** Without a layer: what a broken push leaves. */
  empty: z.boolean().optional(),
  /** The very bytes of another image of this file, named whole: `docker.io/library/nginx:1.25`. Absent: bytes of its own. */
  sameAs: z.string().optional(),
  /** With `sameAs`: only this platform's manifest, as an emergency copy has it. */
  onlyPlatform: z.string().optional(),
  /** So long after the story begins, the tag names the image of another tag of its repository in this file. */
  moves: z.strictObject({ to: z.string(), afterMinutes: z.number().positive() }).optional(),
  /** Containers of it exit with this code, this long after they start (5 seconds). */
  exits: z.number().int().optional(),
  exitsAfterSeconds: z.number().positive().optional(),
  /**
   * In ECR: a copy that Repull made so many days ago. Its repository has the tag `repull:source`, and to its own tag come the
   * first digits of its digest. Absent `pulledDaysAgo`: it was never pulled.
   */
  copied: z
    .strictObject({ daysAgo: z.number().nonnegative(), pulledDaysAgo: z.number().nonnegative().optional() })
    .optional(),
  /** In ECR: archived, so that it is there and cannot be pulled. */
  archived: z.boolean().optional(),
});

export const quota = z.strictObject({
  /** Anonymous pulls of one address in six hours: 100. */
  limit: z.number().int().nonnegative().optional(),
  /** What is left of them to the tasks' address: all. */
  remaining: z.number().int().nonnegative().optional(),
  /** What is left to Repull's own address, where that is another (`repullAddress`): all. */
  remainingForRepull: z.number().int().nonnegative().optional(),
  /** When what was used comes back: in 6 hours. */
  resetsInSeconds: z.number().int().positive().max(21_600).optional(),
});

export const account = z.strictObject({
  password: z.string(),
  /** Pulls in six hours; absent: 200. */
  limit: z.union([z.number().int().nonnegative(), z.literal("unlimited")]).optional(),
  remaining: z.number().int().nonnegative().optional(),
});

export const registry = z.strictObject({
  /** `path:tag` → the image. */
  images: z.record(z.string(), image).optional(),
  /** Repositories without images. */
  repositories: z.array(z.string()).optional(),
  /** Repositories that only a login can read. */
  privateRepositories: z.array(z.string()).optional(),
  /** Docker Hub only. */
  quota: quota.optional(),
  /** User → account. At Docker Hub a user sees the private repositories of the namespace that has its name. */
  accounts: z.record(z.string(), account).optional(),
  /** The user of `accounts` as whom Repull pulls there; absent: anonymously. */
  repullSignsInAs: z.string().optional(),
  /** What every request to it gets. */
  trouble: z.enum(["abuse-limit", "unreachable", "silent", "server-error"]).optional(),
  /** Of `silent` alone: whose packets are dropped; those of all clients if absent. */
  troubleFor: z.enum(["tasks", "repull"]).optional(),
});

export type RegistryEntry = z.infer<typeof registry>;
export type ImageEntry = z.infer<typeof image>;
