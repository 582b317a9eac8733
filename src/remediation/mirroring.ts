/**
 * Has images copied by the `mirror` workflow, and waits until they are.
 *
 * Fifty services that need one image start one copy, for its name is made of the image: whoever comes second waits
 * for the first. A copy that failed is tried again under the next name, a few times.
 */

import { printPlatform } from "../image/platform.ts";
import type { Steps } from "../runtime/steps.ts";
import type { ImagePlan } from "../substitution/planner.ts";
import { mirrorName } from "./names.ts";
import type { ExecutionStatus, Ports } from "./ports.ts";

const ATTEMPTS_MAX = 3;
const LOOK_SECONDS_FIRST = 2;
const LOOK_SECONDS_MAX = 60;
const WAIT_SECONDS_MAX = 2 * 3600;

/** Copies each image that its plan says to copy, one after the other. Answers why one could not be copied. */
export async function mirrorImages(
  images: readonly ImagePlan[],
  round: string,
  ports: Ports,
  steps: Steps,
): Promise<string | undefined> {
  for (const [index, { image, winner }] of images.entries()) {
    if (winner?.copy === undefined) continue;
    const { source, target, platform } = winner.copy;
    const printed = platform === undefined ? {} : { platform: printPlatform(platform) };
    const request = { source, target, digest: winner.digest, ...printed };
    const ended = await mirrorOne(request, `${round}.${index + 1}`, ports, steps);
    if (ended !== "succeeded")
      return `${image} could not be copied from ${source} to ${target}: the copy ${ended}`;
  }
  return undefined;
}

async function mirrorOne(
  request: {
    source: string;
    target: string;
    digest: `sha256:${string}` | `sha512:${string}`;
    platform?: string;
  },
  label: string,
  ports: Ports,
  steps: Steps,
): Promise<string> {
  let because = "was not started";
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const name = mirrorName(request, attempt);
    await steps.step(
      `mirror ${label} attempt ${attempt}`,
      () => ports.executions.start("mirror", name, request),
      { attempts: 6 },
    );
    const ended = await awaitExecution(name, `${label}.${attempt}`, ports, steps);
    if (ended.status === "succeeded") return "succeeded";
    because = `${ended.status === "running" ? "is still running" : ended.status}${ended.because === undefined ? "" : ` (${ended.because})`}`;
    if (ended.status === "running") break;
  }
  return because;
}

async function awaitExecution(
  name: string,
  label: string,
  ports: Ports,
  steps: Steps,
): Promise<ExecutionStatus> {
  let pause = LOOK_SECONDS_FIRST;
  for (let waited = 0, look = 1; ; look++) {
    const found = await steps.step(
      `copying ${label}.${look}`,
      () => ports.executions.status("mirror", name),
      { attempts: 6 },
    );
    // An asynchronous start may not show yet: no status is no news.
    if (found !== undefined && found.status !== "running") return found;
    if (waited >= WAIT_SECONDS_MAX) return { status: "running" };
    await steps.wait(`copy ${label}.${look}`, pause);
    waited += pause;
    pause = Math.min(LOOK_SECONDS_MAX, pause * 2);
  }
}
