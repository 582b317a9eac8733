/**
 * Ids as ECS makes them up.
 */

import type { Random } from "../random.ts";

/** `ecs-svc/` and 19 digits, as the tasks' `startedBy` shows it. */
export function deploymentId(random: Random): string {
  return `ecs-svc/${random.integer(1, 9)}${digits(random, 18)}`;
}

/** So many hex digits. */
export function hex(random: Random, length: number): string {
  return [...random.bytes(Math.ceil(length / 2))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .slice(0, length);
}

/** A version 4 UUID of the world's own chance. */
export function uuid(random: Random): string {
  const h = hex(random, 32);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20)}`;
}

function digits(random: Random, length: number): string {
  return Array.from({ length }, () => String(random.integer(0, 9))).join("");
}
