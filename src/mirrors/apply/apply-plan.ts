/** What `repull mirrors refresh --apply` would do to each service that has to do with a copied tag. */

import type { Service } from "../../ecs/service/service.ts";
import type { PullFailure } from "../../ecs-events/pull-failure.ts";
import type { Digest } from "../../image/digest.ts";
import type { Because } from "../../remediation/report/ending-reason.ts";
import type { Reason } from "../../remediation/report/outcome-codes.ts";
import type { Order, Survey } from "../../remediation/survey/types.ts";
import type { RejectionCode } from "../../substitution/candidate.ts";
import type { ImagePlan, Plan } from "../../substitution/plan-types.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import type { ImageCode } from "./decide-image.ts";
import type { NamedImage, NotFollowed } from "./followed-images.ts";

/** An image of a service, and what becomes of it; `apply`: it is to run what its tag names. */
export type ImageRow = NamedImage & {
  readonly code: "apply" | ImageCode | NotFollowed["code"];
  readonly because?: string;
  /** The tag that it follows. */
  readonly source?: string;
  readonly runs?: Digest;
  /** What the tag names. */
  readonly to?: Digest;
  /** Of `apply`: what was planned for it. */
  readonly planned?: ImagePlan;
};

/**
 * Why a service that could follow is left as it is, in addition to the reasons of the remediation (`excluded-by-policy`,
 * `opted-out`, …) and to what a registry says of the copy (`absent`: it is not in ECR yet; `check-failed`: its tasks could not
 * pull it).
 */
export type LeaveCode =
  | "deployment-in-progress"
  | "mode-observe"
  | "approval-needed"
  | "writes-stopped"
  | "not-active"
  | "changed-meanwhile"
  | Reason
  | RejectionCode;

export type ServicePlan = {
  readonly service: Service;
  readonly images: readonly ImageRow[];
  /** Images that keep their tag, which ECS resolves anew, as by every deployment. */
  readonly resolvedAgain: readonly string[];
} & (
  | {
      readonly kind: "apply";
      readonly failure: PullFailure;
      readonly order: Order;
      readonly execution: string;
      readonly surveyed: Survey;
      readonly plan: Plan;
    }
  /** Something keeps it from being done. */
  | {
      readonly kind: "blocked";
      readonly code: LeaveCode;
      readonly because: Because;
      readonly remedies: readonly Remedy[];
    }
  /** No image of it is to be changed: each says why. */
  | { readonly kind: "left" }
);
