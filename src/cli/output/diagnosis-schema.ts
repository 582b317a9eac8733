/**
 * A diagnosis as data, member by member: a line of `repull diagnose --json`, and the event that the function of
 * infra/diagnose.yaml publishes. Members may be added; the codes of causes are a list that later versions make longer.
 */

import * as z from "zod";
import { CAUSES, type CauseCode } from "../../diagnosis/causes.ts";
import { DIAGNOSIS_DETAIL_TYPE } from "../../diagnosis/diagnose-event.ts";

const text = z.string();
const params = z.record(text, text);
const code = z.enum(Object.keys(CAUSES) as [CauseCode, ...CauseCode[]]);
const command = z.array(text);

const proof = z.union([
  z.looseObject({ by: z.literal("text"), field: text, quote: text }),
  z.looseObject({ by: z.literal("check"), check: text, because: text, fact: params }),
]);

const cause = z.looseObject({
  code,
  sentence: text,
  certainty: z.enum(["proved", "likely"]),
  /** Null: likely, and nothing proves it. */
  proof: proof.nullable(),
  remedy: z.looseObject({
    code: text,
    command: command.optional(),
    setting: z.looseObject({ key: text, value: z.json() }).optional(),
  }),
  page: text,
});

const check = z.looseObject({
  id: text,
  result: z.enum(["passed", "failed", "not checked", "not sure", "not applicable"]),
  because: text,
  fact: params.optional(),
  cause: z.looseObject({ code, params }).optional(),
  permission: text.optional(),
  command: command.optional(),
});

const diagnosis = {
  target: text,
  cluster: text.optional(),
  service: text.optional(),
  tasks: z.looseObject({ failed: z.number(), alike: z.number() }).optional(),
  verdict: z.enum(["cause-found", "not-sure", "nothing-found"]),
  causes: z.array(cause).max(3),
  checks: z.array(check),
  reasons: z.array(z.looseObject({ field: text, text })),
};

export const diagnosisLineSchema = z.looseObject({ type: z.literal("diagnosis"), ...diagnosis });

/** The whole event, as EventBridge hands it on. */
export const diagnosisEventSchema = z.looseObject({
  source: z.literal("repull"),
  "detail-type": z.literal(DIAGNOSIS_DETAIL_TYPE),
  detail: z.looseObject({
    schemaVersion: z.literal("1"),
    account: text.optional(),
    region: text.optional(),
    deployment: text.optional(),
    taskDefinition: text.optional(),
    ...diagnosis,
  }),
});
