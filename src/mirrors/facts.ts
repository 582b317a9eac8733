/**
 * What is read of an account to know which copies in ECR are used: images, and everything that may run one.
 *
 * A list that could not be read to its end is `Unread`, never a shorter list.
 */

import type { Digest } from "../image/digest.ts";
import type { Read } from "../network/facts.ts";

export type EcrRepository = {
  readonly name: string;
  /** The tag `repull:source`, which Repull sets when it creates a repository: host and path of what is copied into it. */
  readonly source?: string;
  /** Whether its policy lets other accounts pull: what they run is not seen from here. */
  readonly readers: "own-account" | "other-accounts" | "unknown";
};

/** As ECR describes it: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html */
export type EcrImage = {
  readonly digest: Digest;
  readonly tags: readonly string[];
  readonly pushedAt?: number;
  /** Absent: ECR has recorded no pull. It is written at least once in 24 hours, not at each pull. */
  readonly pulledAt?: number;
  readonly bytes?: number;
  readonly mediaType?: string;
  readonly artifactType?: string;
  /** What it refers to: a signature's image. */
  readonly subject?: Digest;
  /** An archived image cannot be pulled, and is deleted under rules of its own. */
  readonly isActive: boolean;
};

/** Everywhere an image may be named. Each is read; one that is not read keeps every copy. */
export const USE_PLACES = [
  "services",
  "service-revisions",
  "task-definitions",
  "tasks",
  "functions",
  "job-definitions",
  "build-projects",
] as const;
export type UsePlace = (typeof USE_PLACES)[number];

export type ImageUse = {
  /** `clusters`: a cluster of Kubernetes, by its own report. */
  readonly place: UsePlace | "clusters";
  /** What names the image: an ARN, or a name. */
  readonly by: string;
  /** As it is written there. */
  readonly image?: string;
  /** What it was resolved to. */
  readonly digest?: string;
};

/** A cluster of Kubernetes. Its pods are seen in its own report alone. */
export type ClusterReport = {
  readonly name: string;
  /** Whether EKS lists it. One that it does not list has a report all the same. */
  readonly isListed: boolean;
  /** By the clock of the table's service. Absent: no report that counts. */
  readonly reportedAt?: number;
  /** Why there is none that counts. */
  readonly because?: string;
  /** References as they are written, and digests. */
  readonly images: readonly string[];
};

export type AccountUses = {
  readonly uses: Readonly<Record<UsePlace, Read<ImageUse>>>;
  readonly clusters: Read<ClusterReport>;
  /** `rate(…)`, `cron(…)`, `at(…)` of each rule and schedule. */
  readonly schedules: Read<string>;
};
