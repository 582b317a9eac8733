/**
 * The policy document: how Repull behaves, in one SSM parameter, or a cluster's ConfigMap. What it may do at all, the stack's parameters say.
 *
 * docs/policy.md explains each key, and infra/policy.schema.json is this schema for editors; tests hold the three together.
 */

import * as z from "zod";
import { PROOFS } from "../proof.ts";
import { STRATEGY_NAMES } from "../strategy-name.ts";
import { registriesSchema } from "./registries.ts";

const PATTERNS_MAX = 200;
const patterns = z.array(z.string().min(1).max(300)).max(PATTERNS_MAX);
export const patternsSchema = z.strictObject({
  include: patterns.default(["*"]),
  exclude: patterns.default([]),
});

const scope = z.strictObject({
  clusters: patternsSchema.prefault({}),
  services: patternsSchema.prefault({}),
  images: patternsSchema.prefault({}),
  namespaces: patternsSchema.prefault({}),
  owners: patternsSchema.extend({ include: patterns.default(["apps/*", "batch/*", "core/*"]) }).prefault({}),
});

/** How long one question may stay open; and all questions of one remediation together. */
export const APPROVAL_HOURS_MAX = 72;

const approval = z.strictObject({ hours: z.int().min(1).max(APPROVAL_HOURS_MAX).default(12) });

/** A name of this account's, or an ARN: a calendar may be shared by another account. */
const CALENDAR = /^(?:arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:document\/)?[A-Za-z0-9_.-]{3,128}$/;
const CALENDARS_MAX = 10;

const imageMapping = z
  .strictObject({
    image: z.string().min(1).max(300),
    use: z.string().min(1).max(400),
    allowDifferentContent: z.boolean().default(false),
  })
  .refine(({ image, allowDifferentContent }) => !allowDifferentContent || !image.includes("*"), {
    message: "an image without *: different content is allowed for one image at a time",
    path: ["image"],
  });

const mirrors = z.strictObject({
  platforms: z.enum(["task", "all"]).default("task"),
  additionalRepositories: z
    .array(
      z
        .string()
        .max(400)
        .regex(
          /\{(?:path|name)\}/,
          "a repository with {path} or {name} in it, such as dockerhub/{path}: one repository cannot stand for every image",
        ),
    )
    .max(20)
    .default([]),
  immutableTags: z.boolean().default(true),
  prefill: z.boolean().default(false),
  kmsKey: z.string().min(1).max(2048).optional(),
  tags: z.record(z.string().min(1).max(128), z.string().max(256)).default({}),
});

const ROLE_ARN = /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[A-Za-z0-9_+=,.@/-]{1,576}$/;

/** Each claim on a window is a name in one item of a table, of 400 kB at most: docs/decisions/quotas.md. */
export const CLAIMS_MAX = 2000;

const quotas = z.strictObject({
  remediationsPerHour: z.int().min(1).max(CLAIMS_MAX).default(500),
  bytesPerDay: z
    .string()
    .regex(/^[1-9][0-9]{0,5}(?:MB|GB|TB)$/, "a size such as 500MB, 200GB or 1TB")
    .default("200GB"),
});

/** A host as images name it. */
const REGISTRY_HOST = /^[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?$/;

const kubernetes = z.strictObject({
  proofMaxAge: z
    .string()
    .regex(/^(?:[1-9][0-9]?h|[1-9][0-9]{0,2}m)$/, "a time such as 30m or 6h")
    .default("6h"),
  requestsPerHour: z.int().min(1).max(600).default(600),
  reachableRegistries: z
    .array(z.string().max(260).regex(REGISTRY_HOST, "a registry's host"))
    .max(50)
    .default([]),
  nodeRoles: z.array(z.string().regex(ROLE_ARN, "the ARN of a role")).max(50).default([]),
});

/** From the freest to the strictest. */
export const MODES = ["remediate", "approve", "observe"] as const;
export type Mode = (typeof MODES)[number];

export const documentSchema = z.strictObject({
  scope: scope.prefault({}),
  mode: z.enum(MODES).default("remediate"),
  approval: approval.prefault({}),
  changeCalendar: z
    .array(z.string().max(300).regex(CALENDAR, "the name or ARN of an SSM Change Calendar"))
    .max(CALENDARS_MAX)
    .default([]),
  strategies: z
    .array(z.enum(STRATEGY_NAMES))
    .min(1)
    .default([...STRATEGY_NAMES]),
  minimumProof: z.enum(PROOFS).default("same-platform"),
  imageMappings: z.array(imageMapping).max(PATTERNS_MAX).default([]),
  mirrors: mirrors.prefault({}),
  registries: registriesSchema.prefault({}),
  quotas: quotas.prefault({}),
  onActiveDeployment: z.enum(["act", "wait", "report"]).default("act"),
  waitForLimit: z.boolean().default(true),
  executionRole: z.string().regex(ROLE_ARN, "the ARN of a role").optional(),
  kubernetes: kubernetes.prefault({}),
});

export type PolicyDocument = z.infer<typeof documentSchema>;

/** The members of a key, for an error that has to name a member. */
export const MEMBERS: Readonly<Record<string, { readonly shape: object }>> = {
  scope,
  approval,
  imageMappings: imageMapping,
  mirrors,
  registries: registriesSchema,
  quotas,
  kubernetes,
};
