/**
 * What each line of `--json` looks like, by its type: `repull schema TYPE` prints it as JSON Schema.
 *
 * A member may be added at any time, so that a script ignores those it does not know; none is taken away or given another
 * meaning within a major version.
 */

import * as z from "zod";
import { DIAGNOSIS_DETAIL_TYPE } from "../../diagnosis/diagnose-event.ts";
import { outcomeSchema } from "../../remediation/report/outcome.ts";
import { applySchema } from "../mirrors/apply/apply-line.ts";
import { cacheSchema } from "../mirrors/cache/cache-line.ts";
import { mirrorsSchema } from "../mirrors/mirrors-line.ts";
import { pruneSchema } from "../mirrors/prune-line.ts";
import { refreshSchema } from "../mirrors/refresh-line.ts";
import { checkFindingSchema, checkSummarySchema } from "./check-schema.ts";
import { diagnosisEventSchema, diagnosisLineSchema } from "./diagnosis-schema.ts";
import { LINE_TYPES, type LineType } from "./json-line.ts";
import { statusSchema } from "./status-line.ts";

const text = z.string();
const texts = z.array(text);
const orNull = text.nullable();
const id = { cluster: text.optional(), service: text.optional(), execution: text.optional() };

/** Of a plan and an outcome: what each image becomes. */
const images = z.array(z.looseObject({ image: text }));
const readBy = { profile: text.optional(), accountName: text.optional(), assumedRole: text.optional() };

export const LINE_SCHEMAS: Readonly<Record<LineType, z.ZodType>> = {
  explanation: z.looseObject({
    type: z.literal("explanation"),
    where: text,
    kind: text,
    limitedAs: orNull,
    confidence: z.enum(["certain", "likely", "unclear"]).nullable(),
    registry: orNull,
    image: orNull,
    container: orNull,
    owner: z.looseObject({ kind: text }).nullable(),
    evidence: texts,
    because: text,
    wouldDo: texts,
    others: z.array(z.looseObject({ container: orNull, image: orNull, kind: text, because: text })),
  }),
  plan: z.looseObject({
    type: z.literal("plan"),
    /** Of a cluster's workload: `namespace/kind/name`. */
    service: text,
    /** Absent for a cluster's workload. */
    taskDefinition: text.optional(),
    policy: text,
    kind: text,
    because: text,
    images,
    next: texts,
  }),
  outcome: z.union([
    z.looseObject({ type: z.literal("outcome"), where: text.optional(), ...outcomeSchema.shape }),
    // A document without a failure, or that cannot be read, ends before there is a record.
    z.looseObject({
      type: z.literal("outcome"),
      where: text,
      outcome: z.enum(["invalid", "refused", "failed"]),
      because: text,
    }),
  ]),
  copy: z.looseObject({
    type: z.literal("copy"),
    outcome: text,
    source: text,
    target: text,
    digest: text.optional(),
    because: text.optional(),
    seconds: z.number().optional(),
  }),
  scan: z.looseObject({
    type: z.literal("scan"),
    kind: z.enum(["service", "scheduled", "standalone", "pod"]),
    /** Of a scan of several accounts, or of accounts and a cluster. */
    account: text.optional(),
    region: text.optional(),
    ...readBy,
    platform: z.enum(["ecs", "kubernetes"]).optional(),
    cluster: text,
    /** Of pods: `namespace/kind/name`. */
    name: text,
    /** Absent for pods. */
    taskDefinition: text.optional(),
    expectedStarts: z.number(),
    anonymousPulls: z.number(),
    accountPulls: z.number(),
    notRemediatedBecause: text.optional(),
    images,
  }),
  summary: z.union([
    z.looseObject({
      type: z.literal("summary"),
      headline: z.looseObject({ level: z.enum(["none", "low", "medium", "high"]), sentence: text }),
      /** Of a scan of several accounts: those that could be read. */
      accounts: z.array(z.looseObject({ account: text, region: text, ...readBy })).optional(),
      kubernetes: texts.optional(),
      imageChanges: z.array(
        z.looseObject({
          image: text,
          to: z.looseObject({ strategy: text, place: text }).optional(),
          clusters: texts,
          workloads: texts,
          pulls: z.number(),
          busiestAddressAfter: z.number(),
        }),
      ),
      addresses: z.array(z.looseObject({ address: text, pulls: z.number(), pullsPerAddress: z.number() })),
      /** Of a Kubernetes cluster: pods that admission should have changed. */
      slipped: z
        .array(
          z.looseObject({
            workload: text,
            image: text,
            use: text,
            pods: z.number(),
            reason: z.enum(["not-asked", "created-before", "always-pull"]),
            because: text,
          }),
        )
        .optional(),
      gaps: texts,
      /** Accounts and clusters that are in no figure: they are not active, or could not be read. */
      notScanned: z
        .array(
          z.looseObject({
            account: text.optional(),
            accountName: text.optional(),
            profile: text.optional(),
            kubernetes: text.optional(),
            code: text,
            because: text,
            remedy: text,
          }),
        )
        .optional(),
    }),
    checkSummarySchema,
  ]),
  roles: z.looseObject({ type: z.literal("roles"), roles: texts }),
  permissions: z.looseObject({
    type: z.literal("permissions"),
    policy: z.looseObject({
      Version: text,
      Statement: z.array(z.looseObject({ Effect: text, Action: texts, Resource: text })),
    }),
  }),
  diagnosis: diagnosisLineSchema,
  status: statusSchema,
  mirrors: mirrorsSchema,
  refresh: refreshSchema,
  apply: applySchema,
  prune: pruneSchema,
  cache: cacheSchema,
  version: z.strictObject({ type: z.literal("version"), version: text, node: text }),
  "kill-switch": z.strictObject({
    type: z.literal("kill-switch"),
    stack: text,
    parameter: text,
    writes: z.enum(["allowed", "stopped"]),
    changed: z.boolean(),
    before: text.optional(),
    after: text,
    undo: text.optional(),
  }),
  approval: z.looseObject({
    type: z.literal("approval"),
    execution: text,
    outcome: z.enum(["awaiting-approval", "approved", "denied", "refused"]),
    because: text.optional(),
  }),
  undo: z.looseObject({
    type: z.literal("undo"),
    ...id,
    /** One of the three: what would be done, what was done, and what became of it. */
    plan: z.enum(["undo", "leave"]).optional(),
    outcome: text.optional(),
    followed: text.optional(),
    because: text.optional(),
    /** Of a cluster's workload: what would bring the written image back. */
    commands: texts.optional(),
    /** The object that bears the label, as kubectl takes it; the other workloads that it concerns, where it is a namespace. */
    labelled: text.optional(),
    others: texts.optional(),
    again: text.optional(),
    admission: z.enum(["told", "not-told"]).optional(),
  }),
  history: z.looseObject({
    type: z.literal("history"),
    execution: text,
    at: z.number().optional(),
    endedAt: z.number().optional(),
    ended: text,
    workload: text.optional(),
    images,
  }),
  check: z.looseObject({
    type: z.literal("check"),
    check: text,
    result: z.enum(["passed", "failed", "not checked"]),
    because: text,
    remedy: text.optional(),
  }),
  "check-finding": checkFindingSchema,
  "rate-limit": z.looseObject({
    type: z.literal("rate-limit"),
    registry: text,
    measuredAt: text,
    readings: z.array(z.looseObject({ who: text, kind: text })),
  }),
  policy: z.looseObject({
    type: z.literal("policy"),
    file: text,
    kind: z.enum(["valid", "invalid"]),
    errors: z.array(z.looseObject({ path: text, expected: text })).optional(),
    stack: text.optional(),
    rights: z
      .array(
        z.looseObject({
          key: text,
          parameter: text,
          because: text,
          given: z.enum(["yes", "no", "not-checked"]).optional(),
          found: text.optional(),
        }),
      )
      .optional(),
  }),
  "public-image": z.looseObject({
    type: z.literal("public-image"),
    dockerHub: text,
    found: text,
    because: text,
  }),
  listening: z.looseObject({
    type: z.literal("listening"),
    endpoint: text,
    region: text,
    account: text,
    registries: z.record(text, text),
    environment: z.record(text, text),
    ecr: z.looseObject({ user: text, password: text }),
    images: z.array(z.looseObject({ image: text, at: text })),
  }),
  demo: z.looseObject({
    type: z.literal("demo"),
    seed: text,
    healed: z.boolean(),
    outcomes: z.array(outcomeSchema.loose()),
  }),
  error: z.strictObject({
    type: z.literal("error"),
    code: text,
    message: text,
    remedy: text,
    /** Of a scan of several accounts: the profile whose account could not be read, or the account of an organisation. */
    profile: text.optional(),
    account: text.optional(),
  }),
};

/** What is published in addition to the lines: by the last part of the name of its file in docs/schema. */
export const EVENT_SCHEMAS = { "task-start-diagnosis": diagnosisEventSchema } as const;

export const SCHEMA_NAMES = [
  ...LINE_TYPES,
  ...(Object.keys(EVENT_SCHEMAS) as (keyof typeof EVENT_SCHEMAS)[]),
];

export type SchemaName = (typeof SCHEMA_NAMES)[number];

/** JSON Schema 2020-12, as a script's own validator takes it. */
export function jsonSchemaOf(name: SchemaName): object {
  const isEvent = name === "task-start-diagnosis";
  return {
    title: isEvent ? `repull event: ${DIAGNOSIS_DETAIL_TYPE}` : `repull --json: ${name}`,
    ...z.toJSONSchema(isEvent ? EVENT_SCHEMAS[name] : LINE_SCHEMAS[name], { unrepresentable: "any" }),
  };
}
