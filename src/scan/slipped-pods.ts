import type { SlipReason } from "../kubernetes/workloads/slipped-through.ts";

/** Pods of a workload that run what was written although its image is proved. */
export type SlippedPods = {
  /** `namespace/kind/name`. */
  readonly workload: string;
  readonly image: string;
  readonly use: string;
  readonly pods: number;
  readonly reason: SlipReason;
  readonly because: string;
};
