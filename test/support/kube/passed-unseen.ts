/**
 * Requests that the webhook let pass unseen because its process was behind, or that the API server did not wait for: that is what
 * they should do on a machine that is busy, and both count it. A test of what the webhook does with a pod is of those it saw.
 */

import type { AdmissionWorld } from "./admission-world.ts";

const TRIES = 3;

/** Runs it again, with another pod, where it failed and a request of that time was passed unseen; any other failure is thrown. */
export async function ofSeenPods(world: AdmissionWorld, run: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    const before = await passedUnseen(world);
    try {
      return await run();
    } catch (error) {
      if (tries === TRIES || (await passedUnseen(world)) === before) throw error;
    }
  }
}

export async function passedUnseen({ api, webhook }: AdmissionWorld): Promise<number> {
  const [ours, theirs] = await Promise.all([webhook().metrics(), api.send("GET", "/metrics")]);
  const counts = [
    ...ours.matchAll(/^repull_webhook_requests_total\{result="(?:late|shed)"\} (\d+)/gm),
    ...String(theirs.body).matchAll(/^apiserver_admission_webhook_fail_open_count\{[^}]*\} (\d+)/gm),
  ];
  return counts.reduce((sum, [, times]) => sum + Number(times), 0);
}
