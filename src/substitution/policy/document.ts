/**
 * The policy document: how Repull behaves, in one SSM parameter, or a cluster's ConfigMap. What it may do at all, the stack's parameters say.
 *
 * docs/policy.md explains each key, and infra/policy.schema.json is this schema for editors; tests hold the three together.
 */

import * as z from "zod/mini";
import english from "zod/v4/locales/en.js";
import { PROOFS } from "../proof.ts";
import { STRATEGY_NAMES } from "../strategy-name.ts";
import { APPROVAL_HOURS_MAX, CLAIMS_MAX } from "./limits.ts";
import { registriesSchema } from "./registries.ts";
import { MODES } from "./stack-settings.ts";
import { wantedImageSchema } from "./wanted-images.ts";

// Its messages, of which the errors are made, are in a language only where one is loaded.
z.config(english());

const PATTERNS_MAX = 200;
const text = (min: number, max: number) => z.string().check(z.minLength(min), z.maxLength(max));
const whole = (min: number, max: number) => z.int().check(z.minimum(min), z.maximum(max));
const list = <T extends z.core.$ZodType>(member: T, max: number) => z.array(member).check(z.maxLength(max));

const patterns = list(text(1, 300), PATTERNS_MAX);
export const patternsSchema = z.strictObject({
  include: z._default(patterns, ["*"]),
  exclude: z._default(patterns, []),
});

const scope = z.strictObject({
  clusters: z.prefault(patternsSchema, {}),
  services: z.prefault(patternsSchema, {}),
  images: z.prefault(patternsSchema, {}),
  namespaces: z.prefault(patternsSchema, {}),
  owners: z.prefault(
    z.extend(patternsSchema, { include: z._default(patterns, ["apps/*", "batch/*", "core/*"]) }),
    {},
  ),
});

const approval = z.strictObject({ hours: z._default(whole(1, APPROVAL_HOURS_MAX), 12) });

/** A name of this account's, or an ARN: a calendar may be shared by another account. */
const CALENDAR = /^(?:arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:document\/)?[A-Za-z0-9_.-]{3,128}$/;
const CALENDARS_MAX = 10;

const imageMapping = z
  .strictObject({
    image: text(1, 300),
    use: text(1, 400),
    allowDifferentContent: z._default(z.boolean(), false),
  })
  .check(
    z.refine(({ image, allowDifferentContent }) => !allowDifferentContent || !image.includes("*"), {
      message: "an image without *: different content is allowed for one image at a time",
      path: ["image"],
    }),
  );

/** ECR deletes by age alone: younger than a rollback or a quarterly schedule may need, nothing is deleted. */
const CACHE_DAYS_MIN = 91;
const cacheDays = z.optional(whole(CACHE_DAYS_MIN, 3_650));
const cacheLifecycle = z.strictObject({ untaggedDays: cacheDays, pushedDays: cacheDays }).check(
  z.refine(({ untaggedDays, pushedDays }) => untaggedDays !== undefined || pushedDays !== undefined, {
    message: "untaggedDays, pushedDays, or both",
  }),
);

const mirrors = z.strictObject({
  platforms: z._default(z.enum(["task", "all"]), "task"),
  additionalRepositories: z._default(
    list(
      z
        .string()
        .check(
          z.maxLength(400),
          z.regex(
            /\{(?:path|name)\}/,
            "a repository with {path} or {name} in it, such as dockerhub/{path}: one repository cannot stand for every image",
          ),
        ),
      20,
    ),
    [],
  ),
  immutableTags: z._default(z.boolean(), true),
  prefill: z._default(z.boolean(), false),
  images: z._default(list(wantedImageSchema, PATTERNS_MAX), []),
  kmsKey: z.optional(text(1, 2048)),
  cacheLifecycle: z.optional(cacheLifecycle),
  tags: z._default(z.record(text(1, 128), z.string().check(z.maxLength(256))), {}),
});

const ROLE_ARN = /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[A-Za-z0-9_+=,.@/-]{1,576}$/;

const quotas = z.strictObject({
  remediationsPerHour: z._default(whole(1, CLAIMS_MAX), 500),
  bytesPerDay: z._default(
    z.string().check(z.regex(/^[1-9][0-9]{0,5}(?:MB|GB|TB)$/, "a size such as 500MB, 200GB or 1TB")),
    "200GB",
  ),
});

/** A host as images name it. */
const REGISTRY_HOST = /^[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?$/;

const kubernetes = z.strictObject({
  proofMaxAge: z._default(
    z.string().check(z.regex(/^(?:[1-9][0-9]?h|[1-9][0-9]{0,2}m)$/, "a time such as 30m or 6h")),
    "6h",
  ),
  requestsPerHour: z._default(whole(1, 600), 600),
  refreshEvery: z._default(
    z.string().check(z.regex(/^(?:never|[1-9][0-9]?h)$/, "a time in hours such as 6h, or never")),
    "6h",
  ),
  reachableRegistries: z._default(
    list(z.string().check(z.maxLength(260), z.regex(REGISTRY_HOST, "a registry's host")), 50),
    [],
  ),
  nodeRoles: z._default(list(z.string().check(z.regex(ROLE_ARN, "the ARN of a role")), 50), []),
});

export const documentSchema = z.strictObject({
  scope: z.prefault(scope, {}),
  mode: z._default(z.enum(MODES), "remediate"),
  approval: z.prefault(approval, {}),
  changeCalendar: z._default(
    list(
      z.string().check(z.maxLength(300), z.regex(CALENDAR, "the name or ARN of an SSM Change Calendar")),
      CALENDARS_MAX,
    ),
    [],
  ),
  strategies: z._default(z.array(z.enum(STRATEGY_NAMES)).check(z.minLength(1)), [...STRATEGY_NAMES]),
  minimumProof: z._default(z.enum(PROOFS), "same-platform"),
  imageMappings: z._default(list(imageMapping, PATTERNS_MAX), []),
  mirrors: z.prefault(mirrors, {}),
  registries: z.prefault(registriesSchema, {}),
  quotas: z.prefault(quotas, {}),
  onActiveDeployment: z._default(z.enum(["act", "wait", "report"]), "act"),
  waitForLimit: z._default(z.boolean(), true),
  executionRole: z.optional(z.string().check(z.regex(ROLE_ARN, "the ARN of a role"))),
  kubernetes: z.prefault(kubernetes, {}),
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
