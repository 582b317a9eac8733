/**
 * The account's part of a refresh of copies: its repositories as ECR describes them, whether the stack's own function refreshes
 * them already, and the bus for news.
 */

import { createEventPublisher } from "../../../aws/adapters/event-bus.ts";
import type { AwsSettings } from "../../../aws/client/client-config.ts";
import { createImageStore } from "../../../aws/mirrors/ecr-images.ts";
import { createServiceTimes } from "../../../aws/mirrors/service-times.ts";
import { readDeployedStack } from "../../../aws/stack/deployed-stack.ts";
import type { RefreshTarget } from "../../../controller/copies/refresh-copies.ts";
import { ecrHost } from "../../../image/ecr-hosts.ts";
import { eventsOf, REFRESH_DETAIL_TYPE } from "../../../mirrors/refresh/refresh-report.ts";
import { systemClock } from "../../../runtime/clock.ts";
import type { JsonObject } from "../../../runtime/json.ts";

/** A function that is deployed or deleted later is noticed by then. */
const KNOWN_MS = 600_000;

/** Nothing is asked of AWS before a copy may be due. @param stack whose function `refresh` goes before the controller */
export function refreshTarget(aws: AwsSettings, account: string, stack: string): RefreshTarget {
  const { images } = createImageStore(aws, account, createServiceTimes(), { isAbsentEmpty: true });
  const publisher = createEventPublisher(aws, "default", REFRESH_DETAIL_TYPE);
  let known:
    | { readonly answer: Awaited<ReturnType<RefreshTarget["leftTo"]>>; readonly at: number }
    | undefined;
  return {
    host: ecrHost(account, aws.region),
    images,
    async leftTo() {
      const now = systemClock.now();
      if (known !== undefined && now >= known.at && now - known.at < KNOWN_MS) return known.answer;
      const read = await readDeployedStack(aws, stack).functionNamed("refresh");
      if (read.kind === "read") known = { answer: { name: `${stack}-refresh` }, at: now };
      else if (read.error.kind === "absent") known = { answer: {}, at: now };
      // Two that refresh would ask for the same: nothing begins before it was known once.
      else if (known === undefined)
        return { unread: `whether ${stack}-refresh is deployed is not known: ${read.error.message}` };
      return known.answer;
    },
    async publish(report) {
      for (const detail of eventsOf(report))
        await publisher.publish({ ...detail, account, region: aws.region } as unknown as JsonObject);
    },
  };
}
