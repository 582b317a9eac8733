/** Trouble on order for the sandbox's AWS: the next calls of an action are refused as AWS refuses them. */

import type { AwsErrorKind } from "../../../remediation/ports/aws-error.ts";
import { awsRefusal } from "./aws-error.ts";
import type { AwsFault } from "./aws-fault.ts";

export type AwsFaults = {
  readonly check: AwsFault;
  /** Has an action fail so many times, or until lifted; answers how to lift it. */
  order(action: string, kind: AwsErrorKind, times?: number): () => void;
};

/** As AWS words them: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html */
const WORDS: Readonly<Record<AwsErrorKind, readonly [code: string, words: string]>> = {
  throttled: ["ThrottlingException", "Rate exceeded"],
  denied: ["AccessDeniedException", "User is not authorized to perform this action"],
  absent: ["ResourceNotFoundException", "The specified resource could not be found."],
  conflict: ["ConflictException", "The resource is being changed by another operation."],
  invalid: ["InvalidParameterException", "The specified parameter isn't valid."],
  unavailable: ["ServerException", "The request has failed due to a temporary failure of the server."],
};

export function createAwsFaults(): AwsFaults {
  const orders: { action: string; kind: AwsErrorKind; left: number }[] = [];
  return {
    check(action) {
      const order = orders.find((one) => one.action === action && one.left > 0);
      if (order === undefined) return;
      order.left -= 1;
      throw awsRefusal(order.kind, action, ...WORDS[order.kind]);
    },
    order(action, kind, times = Number.POSITIVE_INFINITY) {
      const order = { action, kind, left: times };
      orders.push(order);
      return () => {
        order.left = 0;
      };
    },
  };
}
