/** How long to wait before a request is tried again. */

import { digestOf } from "../../image/digest.ts";
import type { RegistryError } from "./registry-error.ts";

/** A request is tried this often in all. */
export const TRIES_MAX = 4;
const PAUSE_MS = 400;

/** Doubling, with jitter that follows from what is asked and when, so that a simulated world repeats itself. */
export function retryPauseMs(error: RegistryError, attempt: number, url: URL, now: number): number {
  const asked = (error.retryAfterSeconds ?? 0) * 1000;
  const hash = digestOf(`${url.href} ${attempt} ${now}`).slice(7, 15);
  const chance = Number.parseInt(hash, 16) / 0x1_0000_0000;
  return Math.ceil(asked + PAUSE_MS * 2 ** (attempt - 1) * (0.5 + chance));
}
