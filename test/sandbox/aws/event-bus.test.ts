import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { createBus, type Delivery, RELIABLE, UNRELIABLE } from "../../../src/sandbox/aws/event-bus.ts";
import { EXAMPLE_LOCATION } from "../../../src/sandbox/example-location.ts";
import { createRandom } from "../../../src/sandbox/random.ts";
import { createVirtualClock } from "../../../src/sandbox/virtual-clock.ts";

const START = Date.parse("2026-01-20T10:00:00Z");

/** Publishes 1 to 20, one a second, and answers in what order they came. */
async function delivered(delivery: Delivery, seed: number): Promise<readonly unknown[]> {
  const clock = createVirtualClock(START);
  const bus = createBus(EXAMPLE_LOCATION, clock, createRandom(seed), delivery);
  const came: unknown[] = [];
  bus.subscribe((document) => void came.push((document.detail as JsonObject).number));
  for (let number = 1; number <= 20; number++) {
    clock.schedule(START + number * 1000, () =>
      bus.emit({ source: "aws.ecs", type: "ECS Task State Change", resources: [], detail: { number } }),
    );
  }
  await clock.advanceTo(START + 600_000);
  return came;
}

const inOrder = Array.from({ length: 20 }, (_, index) => index + 1);

describe("the bus", () => {
  test("delivers everything once and in order as long as no fault is set", async () => {
    expect(await delivered(RELIABLE, 1)).toEqual(inOrder);
  });

  test("delivers twice and out of order on request, and loses nothing", async () => {
    const came = await delivered(UNRELIABLE, 1);
    expect(came.length).toBeGreaterThan(20);
    expect([...new Set(came)].sort((a, b) => Number(a) - Number(b))).toEqual(inOrder);
    expect(came).not.toEqual([...came].sort((a, b) => Number(a) - Number(b)));
  });

  test("is as unruly again by the same seed, and otherwise by another", async () => {
    expect(await delivered(UNRELIABLE, 7)).toEqual(await delivered(UNRELIABLE, 7));
    expect(await delivered(UNRELIABLE, 7)).not.toEqual(await delivered(UNRELIABLE, 8));
  });

  test("wraps an outcome in EventBridge's envelope and keeps it", async () => {
    const clock = createVirtualClock(START);
    const bus = createBus(EXAMPLE_LOCATION, clock, createRandom(1));
    await bus.port.publish({ outcome: "succeeded" });
    expect(bus.outcomes).toEqual([{ outcome: "succeeded" }]);
    expect(bus.published).toMatchObject([
      {
        version: "0",
        source: "repull",
        "detail-type": "Image Pull Remediation",
        account: "123456789012",
        region: "us-east-1",
        time: "2026-01-20T10:00:00Z",
        detail: { outcome: "succeeded" },
      },
    ]);
  });
});
