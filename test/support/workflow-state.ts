/**
 * States and observations of a remediation, of the shapes that the workflow itself makes; and what the rules decide on
 * them, in a few words.
 *
 * A state is made of the first one, a survey that the workflow takes in as it does in its loop, and what a row changes.
 */

import { describe, expect, test } from "vitest";
import type { PullFailure } from "../../src/ecs-events/pull-failure.ts";
import type { Digest } from "../../src/image/digest.ts";
import type { QuotaExceeded } from "../../src/remediation/ports/quota-exceeded.ts";
import { formatBecause } from "../../src/remediation/report/ending-reason.ts";
import type { RemediationResult } from "../../src/remediation/report/report.ts";
import type { Survey } from "../../src/remediation/survey/types.ts";
import type { Action } from "../../src/remediation/workflow/action.ts";
import type { Context, RemediationOptions } from "../../src/remediation/workflow/context.ts";
import { decide } from "../../src/remediation/workflow/decide.ts";
import { withSeen } from "../../src/remediation/workflow/next.ts";
import type { Seen } from "../../src/remediation/workflow/seen.ts";
import { type FailedSubstitute, FIRST_STATE, type State } from "../../src/remediation/workflow/state.ts";
import type {
  Candidate,
  ProbedCandidate,
  ProbeResult as RegistryAnswer,
} from "../../src/substitution/candidate.ts";
import type { ImageFacts, ImagePlan } from "../../src/substitution/plan-types.ts";
import type { Remedy } from "../../src/substitution/remedies/remedy.ts";
import { readPolicy, type SaidPolicy } from "./policy.ts";

/** 2026-01-20 10:00 UTC. */
export const NOW = Date.UTC(2026, 0, 20, 10);
export const HOUR_MS = 3_600_000;
export const EXECUTION = "r-5d41402a-1";
export const CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/prod";
export const revision = (number: number): string =>
  `arn:aws:ecs:us-east-1:123456789012:task-definition/web:${number}`;
/** The failing revision, the substitute's, and one that another deployer has registered. */
export const [FORMER, OURS, FOREIGN] = [revision(41), revision(42), revision(50)] as const;
export const MEANT: Digest = `sha256:${"a".repeat(64)}`;
const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
export const COPY = `${ECR}/repull/nginx:1.25`;

const FOUND: RegistryAnswer = { kind: "found", digest: MEANT, isIndex: true };

/** A candidate with what its registry answered. */
const sighting = (
  candidate: Omit<Candidate, "samePublisher">,
  seen: RegistryAnswer = FOUND,
): ProbedCandidate => ({
  candidate: { samePublisher: false, ...candidate },
  seen,
});

/** A copy in this account's ECR. */
export const ownCopy = (seen?: RegistryAnswer): ProbedCandidate =>
  sighting({ strategy: "ecr-copy", image: COPY }, seen);

/** A place to copy from first. */
export const toCopy = (
  seen?: RegistryAnswer,
  source = "docker.io/library/nginx:1.25",
  target = COPY,
): ProbedCandidate => sighting({ strategy: "mirror", image: target, source }, seen);

/** A pull-through cache that has to be filled first. */
export const toFill = (): ProbedCandidate =>
  sighting({ strategy: "pull-through-cache", image: `${ECR}/hub/library/nginx:1.25` }, { kind: "fetchable" });

export const because = "as the registry says";
export const absent: RegistryAnswer = { kind: "absent", because };
export const limited: RegistryAnswer = { kind: "rate-limited", because };
export const silent: RegistryAnswer = { kind: "unreachable", because, code: "no-answer" };

/** An image of the task definition: one whose pull failed, and of which a copy is in ECR. */
export const image = (more: Partial<ImageFacts> = {}): ImageFacts => ({
  image: "nginx:1.25",
  containers: ["web"],
  failing: true,
  trusted: { digest: MEANT, from: "origin" },
  probedCandidates: [ownCopy()],
  ...more,
});

/** A service of two tasks of which none runs. */
export const survey = (more: Partial<Survey> = {}): Survey => ({
  kind: "survey",
  clusterArn: CLUSTER,
  service: "web",
  currentRevision: FORMER,
  deploymentId: "ecs-svc/1",
  deploymentIds: ["ecs-svc/1"],
  desiredCount: 2,
  runningCount: 0,
  failingRevision: FORMER,
  family: "web",
  platforms: [],
  images: [image()],
  recentSubstitutions: { sameRevision6h: 0, sameRevision24h: 0, otherRevisions6h: 0 },
  isDeploying: false,
  rolloutTimeoutSeconds: 900,
  limit: { kind: "docker-hub-pull-limit", registry: "docker.io" },
  ...more,
});

export const failure = (more: Partial<PullFailure> = {}): PullFailure => ({
  kind: "pull-failure",
  account: "123456789012",
  region: "us-east-1",
  partition: "aws",
  clusterArn: CLUSTER,
  taskArn: "arn:aws:ecs:us-east-1:123456789012:task/prod/0f1e",
  taskDefinitionArn: FORMER,
  time: "2026-01-20T10:00:00Z",
  owner: { kind: "service", cluster: "prod", service: "web", deploymentId: "ecs-svc/1" },
  failures: [
    {
      name: "web",
      image: "nginx:1.25",
      classification: {
        kind: "docker-hub-pull-limit",
        limitedAs: "anonymous",
        registry: "docker.io",
        confidence: "certain",
        evidence: ["toomanyrequests"],
        because,
      },
    },
  ],
  ...more,
});

/** A quota that is used up until the next hour, or the next day. */
export const quotaReached = (more: Partial<QuotaExceeded> = {}): QuotaExceeded => ({
  quota: "remediationsPerHour",
  window: "remediationsPerHour 2026-01-20T10",
  max: 5,
  used: 5,
  amount: 1,
  opensAt: NOW + HOUR_MS,
  ...more,
});

/** A substitute of ours that has failed. */
export const failedSubstitute = (more: Partial<FailedSubstitute> = {}): FailedSubstitute => ({
  kind: "cannot-pull",
  because,
  surveyed: survey(),
  newRevision: OURS,
  images: [],
  places: [COPY],
  ...more,
});

/** What a row says of the world; the rest is a service that can be remediated, under the default policy. */
export type Given = {
  /** What was surveyed last; null: nothing yet. */
  readonly survey?: Partial<Survey> | null;
  readonly state?: Partial<State>;
  /** Absent: the survey, where there is one. */
  readonly seen?: Seen;
  readonly policy?: SaidPolicy;
  readonly options?: Partial<RemediationOptions>;
  readonly failure?: Partial<PullFailure>;
};

export function contextOf({ policy, options, failure: of }: Given): Context {
  return {
    failure: failure(of),
    options: { execution: EXECUTION, policy: readPolicy(policy ?? {}), ...options },
    region: "us-east-1",
  };
}

export function stateOf(given: Given): State {
  const time = { startedAt: NOW, now: NOW, approvalSeconds: 0 };
  const changed = { ...FIRST_STATE, time, ...given.state };
  if (given.survey === null) return changed;
  const result = survey(given.survey);
  return { ...withSeen(changed, { kind: "survey", at: NOW, result }, contextOf(given)), ...given.state };
}

/** The images of the plan that a state has made. */
export function imagesOf(given: Given): readonly ImagePlan[] {
  return stateOf(given).plan?.plan.images ?? [];
}

/**
 * What is decided once the observation is taken in, in words, and what else there is: the rest of an ending, or what is
 * another in the state.
 */
export function decided(given: Given): { readonly action: string; readonly more: unknown } {
  const state = stateOf(given);
  const surveyed: Seen =
    state.plan === undefined ? { kind: "nothing" } : { kind: "survey", at: NOW, result: state.plan.surveyed };
  const seen = given.seen ?? surveyed;
  const context = contextOf(given);
  const action = decide(withSeen(state, seen, context), seen, context);
  return { action: inWords(action), more: besides(action, state) };
}

/** The figures, with their units, that the reason of an ending names. */
export function figuresIn(given: Given): readonly string[] {
  const state = stateOf(given);
  const action = decide(state, given.seen ?? { kind: "nothing" }, contextOf(given));
  const why = action.kind === "end" ? formatBecause(action.ending.because) : "";
  return [...why.matchAll(/\d+ (?:minutes|hours)/g)].map(([figure]) => figure);
}

function inWords(action: Action): string {
  switch (action.kind) {
    case "end":
      return `end ${endingInWords(action.ending)}`;
    case "observe":
      return "observe";
    case "wait":
      return `wait ${action.seconds} for ${action.label}`;
    case "tell":
      return `tell ${endingInWords(action.ending)}`;
    case "ask":
      return `ask about ${action.changes.length} changes`;
    case "write":
      return `write ${action.write}`;
  }
}

/** `declined report-only [allow-task-changes, wait]`: the kind, the code and the remedies; and that no reason is given. */
function endingInWords({ kind, code, reason, remedies, because: why }: RemediationResult): string {
  const codes = remedies === undefined ? "" : ` [${remedies.map(remedyInWords).join(", ")}]`;
  return `${[kind, code ?? reason ?? []].flat().join(" ")}${codes}${why ? "" : " without a reason"}`;
}

function remedyInWords({ code, params, setting, command, at }: Remedy): string {
  const isOurs = command?.[0] === "repull" && code !== "copy-into-ecr";
  return [
    ...[code, params?.again ?? [], setting === undefined ? [] : `${setting.key}=${setting.value}`],
    ...[isOurs ? command : [], at ?? []],
  ]
    .flat()
    .join(" ");
}

function besides(action: Action, before: State): unknown {
  switch (action.kind) {
    case "end":
      return restOf(action.ending);
    case "tell":
      return { ...restOf(action.ending), firstOf: action.firstOf, ...changesOf(before, action.state) };
    case "wait":
      return {
        ...doingOf(action),
        ...timeOverOf(action),
        ...changesOf(before, withoutTimeOver(action.state)),
      };
    case "ask":
      return {};
    default:
      return changesOf(before, action.state ?? before);
  }
}

/** What it waits for, as people see it. */
function doingOf({ doing }: Extract<Action, { kind: "wait" }>): Members {
  return doing === undefined ? {} : { doing };
}

/** How it would end where the time is over during the wait. */
function timeOverOf({ timeOver }: Extract<Action, { kind: "wait" }>): Members {
  return timeOver === undefined ? {} : { timeOver: endingInWords(timeOver) };
}

function withoutTimeOver({ timeOver: _, ...state }: State): Members {
  return state;
}

/** What an ending has in addition to its kind, its codes and its sentences; of those only how many next steps there are. */
function restOf({
  kind: _,
  because: _because,
  code: _code,
  reason: _reason,
  ...ending
}: RemediationResult): Members {
  const { remedies: _remedies, nextSteps, images, ...rest } = ending;
  return { ...rest, images: images?.map((one) => one.image), nextSteps: nextSteps?.length };
}

export const GONE = "gone";

type Members = Readonly<Record<string, unknown>>;

/** The members that are others afterwards, those of objects within too; without sentences. */
export function changesOf(before: object, after: object): Members {
  const [old, now] = [before as Members, after as Members];
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  return Object.fromEntries(
    names.flatMap((name) => {
      const [was, is] = [old[name], now[name]];
      if (JSON.stringify(was) === JSON.stringify(is)) return [];
      if (is === undefined) return [[name, GONE]];
      return [[name, isObject(was) && isObject(is) ? changesOf(was, is) : is]];
    }),
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export type Row = readonly [title: string, given: Given, action: unknown, more?: object];

/** A rule, or what several have in common, as a table: on a state and an observation, the action. */
export function rules(name: string, table: readonly Row[]): void {
  describe(name, () => {
    for (const [title, given, action, more = {}] of table) {
      const known = typeof action === "string" ? `: ${action}` : "";
      test(`${title}${known}`, () => expect(decided(given)).toEqual({ action, more }));
    }
  });
}
