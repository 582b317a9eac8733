/**
 * A policy in force, and the one where no document says anything: without the schema, which only a document needs. Building
 * the schema and reading a document by it is a third of what `detect` would take to start.
 */

import type { PolicyDocument } from "./document.ts";
import { DEFAULT_STACK_SETTINGS, MODES, type Rights, type StackSettings } from "./stack-settings.ts";

export type { PolicyDocument };
export type Policy = PolicyDocument & StackSettings;

const EVERYTHING = { include: ["*"], exclude: [] };

/** The schema's own defaults, which a test compares with these. */
export const DEFAULT_DOCUMENT: PolicyDocument = {
  scope: {
    clusters: EVERYTHING,
    services: EVERYTHING,
    images: EVERYTHING,
    namespaces: EVERYTHING,
    owners: { include: ["apps/*", "batch/*", "core/*"], exclude: [] },
  },
  mode: "remediate",
  approval: { hours: 12 },
  changeCalendar: [],
  strategies: ["ecr-copy", "pull-through-cache", "ecr-public", "mirror", "authenticated-pull"],
  minimumProof: "same-platform",
  imageMappings: [],
  mirrors: {
    platforms: "task",
    additionalRepositories: [],
    immutableTags: true,
    prefill: false,
    images: [],
    tags: {},
  },
  registries: {
    allowed: ["well-known"],
    endpoints: [],
    privateImages: [],
    allowUnverifiedSecretAccess: false,
  },
  quotas: { remediationsPerHour: 500, bytesPerDay: "200GB" },
  onActiveDeployment: "act",
  waitForLimit: true,
  kubernetes: {
    proofMaxAge: "6h",
    requestsPerHour: 600,
    refreshEvery: "6h",
    reachableRegistries: [],
    nodeRoles: [],
  },
};

export const DEFAULT_POLICY: Policy = { ...DEFAULT_DOCUMENT, ...DEFAULT_STACK_SETTINGS };

/** The policy of a document, within the rights of a stack. */
export function policyOf(document: PolicyDocument, stack: StackSettings, { mode }: Rights = {}): Policy {
  const ceiling = mode === undefined ? 0 : MODES.indexOf(mode);
  const strictest = MODES[Math.max(ceiling, MODES.indexOf(document.mode))] ?? document.mode;
  return { ...document, ...stack, mode: strictest };
}

const BYTES_OF = { MB: 1e6, GB: 1e9, TB: 1e12 } as const;

/** `200GB` as bytes, of a size that the policy takes. */
export function parseSize(size: string): number {
  const unit = size.slice(-2) as keyof typeof BYTES_OF;
  return Number(size.slice(0, -2)) * BYTES_OF[unit];
}
