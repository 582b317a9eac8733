/** `repull undo`: back to the former revision of one remediation, or of all since a time. The plan is shown first. */

import { parseEcsArn, parseRevision, shortRevision } from "../../ecs/arn.ts";
import { optional } from "../../ecs/json-fields.ts";
import {
  type ActiveImage,
  type ActiveSubstitution,
  activeInServices,
  activeInTargets,
} from "../../history/active-substitutions.ts";
import { planUndo, type UndoPlan, undoOne } from "../../history/undo.ts";
import { type UndoStatus, watchUndo } from "../../history/watch-undo.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { AwsError, type AwsErrorKind } from "../../remediation/ports/aws-error.ts";
import { targetName } from "../../remediation/ports/schedules.ts";
import { excludedBy, matchesGlob } from "../../substitution/glob.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { linesOf } from "../../text/visible.ts";
import { refuseUnlessWritesAllowed } from "../account/deployed-config.ts";
import { clusterName } from "../account/find-service.ts";
import { refuseForeign } from "../account/same-account.ts";
import { type HistorySession, parseSince } from "../account/sessions/history-session.ts";
import { EXIT, exitStatusOfAws } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { tellWrongCall } from "../output/command-error.ts";
import { jsonLine } from "../output/json-line.ts";

export type UndoInput = {
  /** An execution, a service, or the family of a task that a schedule starts. */
  readonly name?: string;
  /** Name or ARN of a cluster: which service or family of that name. */
  readonly cluster?: string;
  readonly since?: string;
  readonly yes: boolean;
  readonly json: boolean;
  /** False: what was written is not followed. */
  readonly wait: boolean;
};

/** What there is to undo. */
const ACTIVE = "repull history marks as active what is in use";
const DONE = 0;
const NOT_ALL = 1;

/** Exit status 0 where all that was found is undone, or would be; 1 where something is not, or nothing was found. */
export async function undo(input: UndoInput, session: HistorySession, io: CommandIo): Promise<number> {
  const { name, since } = input;
  if ((name === undefined) === (since === undefined))
    throw new InvalidInput("undo", "the name of an execution, a service or a family, or --since TIME");
  const { installed: config } = session;
  const rules = config === undefined ? "" : `, by ${config.from}`;
  io.err(
    `${session.where}${rules}: ${input.yes ? "services may be changed" : "nothing is changed without --yes"}\n`,
  );
  const selected = await select(input, session, io);
  if (selected.kind === "ambiguous") return tellWrongCall("undo", selected.because, input.json, io);
  const { found } = selected;
  if (found.length === 0) {
    const place = input.cluster === undefined ? "" : ` of the cluster ${clusterName(input.cluster)}`;
    io.err(
      name === undefined
        ? `repull undo: nothing to undo: no substitute that Repull registered since ${since} is in use; ${ACTIVE}.\n`
        : `repull undo: nothing to undo: no service, execution or family ${name}${place} runs a substitute of Repull; ${ACTIVE}.\n`,
    );
    return NOT_ALL;
  }
  const { clock } = session;
  const plans = (await planUndo(found, session.ports)).map((plan) => withinPolicy(plan, config?.policy));
  if (!input.json || !input.yes) for (const plan of plans) showPlan(plan, input.json, io);
  if (!input.yes) return plans.some(({ refusedBecause }) => refusedBecause !== undefined) ? NOT_ALL : DONE;

  if (config !== undefined) await refuseUnlessWritesAllowed(config);
  let status: number = DONE;
  const onTheirWay: Service[] = [];
  for (const plan of plans) {
    const { effect, kind, because, error } = await undoOne(plan, session.ports);
    const isDone = kind === "undone" || kind === "already";
    if (!isDone) status = Math.max(status, statusOf(error));
    if (kind === "undone" && effect.kind === "service") onTheirWay.push(effect);
    io.out(
      input.json
        ? jsonLine("undo", { outcome: kind, because, ...idOf(effect) })
        : linesOf([`${kind}: ${because}`]),
    );
  }
  if (!input.wait) return status;
  // All at once: one that cannot start shall not keep the others from being seen.
  const followed = await Promise.all(
    onTheirWay.map(async (effect) => {
      const told = await watchUndo(effect, session.ports, clock, (line) =>
        io.err(`  ${effect.service}: ${line}\n`),
      );
      io.out(
        input.json
          ? jsonLine("undo", { followed: told.kind, because: told.because, ...idOf(effect) })
          : `${effect.service} ${SENTENCES[told.kind]}: ${told.because}\n${nextOf(told, effect)}`,
      );
      return told.kind === "running";
    }),
  );
  return followed.every(Boolean) ? status : Math.max(status, NOT_ALL);
}

/** What was planned from the account's own answers is not a wrong call where it is gone by now. */
function statusOf(error: AwsErrorKind | undefined): number {
  const status = error === undefined ? NOT_ALL : exitStatusOfAws({ kind: error });
  return status === EXIT.usage ? NOT_ALL : status;
}

/** What the policy leaves out is left alone by this command as by the function. */
function withinPolicy(plan: UndoPlan, policy: Policy | undefined): UndoPlan {
  const { effect } = plan;
  if (policy === undefined) return plan;
  const isMeant = (name: string) => (pattern: string) => matchesGlob(pattern, name);
  const cluster = clusterName(effect.clusterArn);
  const refusedBecause =
    excludedBy(policy.scope.clusters, "clusters", isMeant(cluster)) ??
    (effect.kind === "service"
      ? excludedBy(policy.scope.services, "services", isMeant(effect.service))
      : undefined);
  return refusedBecause === undefined ? plan : { ...plan, refusedBecause };
}

type Service = ActiveSubstitution & { readonly kind: "service" };

/** What was taken back cannot start: the same limit may still be reached. */
function nextOf({ kind }: UndoStatus, { service, clusterArn }: Service): string {
  if (kind !== "cannot-start") return "";
  return `next: repull plan ${service} --cluster ${clusterName(clusterArn)} shows what would help\n`;
}

const SENTENCES: Readonly<Record<UndoStatus["kind"], string>> = {
  running: "running",
  "cannot-start": "does not start",
  superseded: "was changed meanwhile",
  "in-progress": "is still on its way",
};

/** Every target of a rule or schedule that runs a revision of ours; those that may not be read are reported. */
async function targets(
  { inventory, ports, scheduledTasks }: HistorySession,
  io: CommandIo,
): Promise<readonly ActiveSubstitution[]> {
  try {
    const runs = await scheduledTasks(await inventory.clusters());
    const families = new Set(
      runs.flatMap(({ taskDefinition }) => parseRevision(taskDefinition)?.family ?? []),
    );
    const found: ActiveSubstitution[] = [];
    for (const family of families) found.push(...(await activeInTargets(family, inventory, ports)));
    return found;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    io.err(`rules and schedules are left out: ${error.message}\n`);
    return [];
  }
}

type Selected =
  | { readonly kind: "found"; readonly found: readonly ActiveSubstitution[] }
  | { readonly kind: "ambiguous"; readonly because: string };

const found = (effects: readonly ActiveSubstitution[]): Selected => ({ kind: "found", found: effects });

async function select(input: UndoInput, session: HistorySession, io: CommandIo): Promise<Selected> {
  const { inventory, ports, clock } = session;
  const { name, cluster, since } = wantedBy(input, session);
  const all = await activeInServices(inventory, ports);
  const services = all.filter(
    ({ clusterArn }) => cluster === undefined || clusterName(clusterArn) === cluster,
  );
  if (since !== undefined) {
    const moment = parseSince(since, clock.now());
    const known = [...services, ...(cluster === undefined ? await targets(session, io) : [])];
    return found(known.filter(({ registeredAt }) => registeredAt !== undefined && registeredAt >= moment));
  }
  const byExecution = services.filter(({ execution }) => execution === name);
  if (byExecution.length > 0) return found(byExecution);
  const byName = services.filter((effect) => effect.kind === "service" && effect.service === name);
  const places = new Set(byName.map(({ clusterArn }) => clusterArn));
  if (places.size > 1) return ambiguous(name ?? "", byName);
  if (byName.length > 0 || name === undefined || !/^[A-Za-z0-9_-]{1,255}$/.test(name)) return found(byName);
  const isIn = ({ clusterArn }: ActiveSubstitution): boolean =>
    cluster === undefined || clusterName(clusterArn) === cluster;
  if (EXECUTION.test(name))
    return found((await targets(session, io)).filter((effect) => effect.execution === name && isIn(effect)));
  // Rules and schedules of two clusters may start one family as well.
  const ofFamily = (await activeInTargets(name, inventory, ports)).filter(isIn);
  const clusters = new Set(ofFamily.map(({ clusterArn }) => clusterArn));
  return clusters.size > 1 ? ambiguous(name, ofFamily) : found(ofFamily);
}

/** As executions are named, by the function or by hand. */
const EXECUTION = /^[rho]-[0-9a-f]{40}-[1-9][0-9]*$/;

/** The service's own ARN, CLUSTER/SERVICE and --cluster say in which cluster; of another account's ARN nothing is undone. */
function wantedBy(
  { name, cluster, since }: UndoInput,
  { home }: HistorySession,
): Pick<UndoInput, "name" | "cluster" | "since"> {
  for (const text of [name, cluster]) if (text !== undefined && home !== undefined) refuseForeign(text, home);
  const named = name === undefined ? undefined : (partsOfArn(name) ?? partsOfPath(name));
  const said = cluster === undefined ? undefined : clusterName(cluster);
  if (said !== undefined && named?.cluster !== undefined && named.cluster !== said)
    throw new InvalidInput("--cluster", `the cluster of the service itself, ${named.cluster}`);
  return {
    ...optional("name", named?.name),
    ...optional("cluster", said ?? named?.cluster),
    ...optional("since", since),
  };
}

function partsOfArn(text: string): { readonly name: string; readonly cluster?: string } | undefined {
  const arn = parseEcsArn(text);
  return arn?.kind === "service" ? { name: arn.name, ...optional("cluster", arn.cluster) } : undefined;
}

function partsOfPath(text: string): { readonly name: string; readonly cluster?: string } {
  const at = text.indexOf("/");
  return at < 0 ? { name: text } : { cluster: text.slice(0, at), name: text.slice(at + 1) };
}

/** Which of them is meant, only a person knows. */
function ambiguous(name: string, effects: readonly ActiveSubstitution[]): Selected {
  const places = effects.map(
    ({ clusterArn, execution }) => `${clusterName(clusterArn)}/${name} (execution ${execution})`,
  );
  return {
    kind: "ambiguous",
    because: `${name} was changed in ${new Set(effects.map(({ clusterArn }) => clusterArn)).size} clusters, say --cluster or name the execution: ${places.join(", ")}`,
  };
}

function idOf(effect: ActiveSubstitution): Record<string, unknown> {
  const { revision, former, execution, clusterArn } = effect;
  const user = effect.kind === "service" ? { service: effect.service } : { target: effect.target };
  return { ...user, cluster: clusterArn, revision, former, execution };
}

function showPlan({ effect, refusedBecause, warnings, back }: UndoPlan, json: boolean, io: CommandIo): void {
  if (json) {
    io.out(
      jsonLine("undo", {
        plan: refusedBecause === undefined ? "undo" : "leave",
        because: refusedBecause,
        warnings,
        ...idOf(effect),
      }),
    );
    return;
  }
  const cluster = clusterName(effect.clusterArn);
  const user = effect.kind === "service" ? `${cluster}/${effect.service}` : targetName(effect.target);
  const again = back ?? effect.images;
  const lines = [
    refusedBecause === undefined
      ? `${user}: from ${shortRevision(effect.revision)} back to ${effect.former}`
      : `${user}: cannot be undone: ${refusedBecause}`,
    ...again.map(
      ({ image, substitute, digest }: Partial<ActiveImage> & { readonly image: string }) =>
        `${image} again, in place of ${substitute ?? digest ?? "the same with an account"}`,
    ),
    ...warnings,
  ];
  io.out(linesOf(lines, "    "));
}
