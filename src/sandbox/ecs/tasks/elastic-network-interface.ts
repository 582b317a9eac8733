/** The network interface of a Fargate task, as its `attachments` show it. */

import type { JsonObject } from "../../../runtime/json.ts";
import { hex, uuid } from "../ids.ts";
import type { EcsEnvironment } from "../state.ts";

/** An interface of its own, with an address in a private subnet. */
export function networkInterface({ random }: Pick<EcsEnvironment, "random">): JsonObject {
  const address = `10.0.${random.integer(0, 31)}.${random.integer(4, 250)}`;
  return {
    id: uuid(random),
    type: "eni",
    status: "ATTACHED",
    details: [
      { name: "subnetId", value: `subnet-0${hex(random, 16)}` },
      { name: "networkInterfaceId", value: `eni-0${hex(random, 16)}` },
      { name: "macAddress", value: `0a:${hex(random, 10).replace(/(..)(?=.)/g, "$1:")}` },
      { name: "privateIPv4Address", value: address },
    ],
  };
}
