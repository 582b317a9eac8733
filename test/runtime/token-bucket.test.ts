/** How often a caller lets itself call, when clocks do what they should not. */

import { expect, test } from "vitest";
import { createTokenBucket } from "../../src/runtime/token-bucket.ts";
import { manualClock } from "../support/kubernetes/controller-world.ts";

test("a bucket does not wait for the hours by which its clock was set back", async () => {
  const clock = manualClock();
  const bucket = createTokenBucket({ burst: 1, perSecond: 10 }, clock);
  await bucket.take();
  clock.advance(-7_200_000);
  const before = clock.now();
  await bucket.take();
  expect(clock.now() - before).toBe(100);
});
