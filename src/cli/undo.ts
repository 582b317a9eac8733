/** `repull undo`: back to the former revision of one remediation, or of all since a time. The plan is shown first. */

import { InvalidInput } from "../image/invalid-input.ts";
import { AwsError } from "../remediation/aws-error.ts";
import { type InEffect, servicesInEffect, targetsInEffect } from "../remediation/in-effect.ts";
import { targetName } from "../remediation/schedules-port.ts";
import { planUndo, type UndoPlan, undoOne } from "../remediation/undo.ts";
import { type Followed, followUndone } from "../remediation/undo-watch.ts";
import { familyAndRevision, revisionName } from "../workload/arn.ts";
import type { CommandIo } from "./io.ts";
import { momentIn, type Past } from "./past.ts";

export type UndoInput = {
  /** An execution, a service, or the family of a task that a schedule starts. */
  readonly name?: string;
  readonly since?: string;
  readonly yes: boolean;
  readonly json: boolean;
  /** False: what was written is not followed. */
  readonly wait: boolean;
};

const DONE = 0;
const NOT_ALL = 1;

/** Exit status 0 where all that was found is undone, or would be; 1 where something is not, or nothing was found. */
export async function undo(input: UndoInput, past: Past, io: CommandIo): Promise<number> {
  const { name, since } = input;
  if ((name === undefined) === (since === undefined))
    throw new InvalidInput("undo", "either the NAME of an execution, service or family, or --since TIME");
  io.err(`${past.where}: ${input.yes ? "services may be changed" : "nothing is changed without --yes"}\n`);
  const found = await select(input, past, io);
  if (found.length === 0) {
    io.err(
      `nothing of Repull's is in effect ${name === undefined ? `since ${since}` : `under the name ${name}`}\n`,
    );
    return NOT_ALL;
  }
  const { clock } = past;
  const plans = await planUndo(found, past.ports);
  if (!input.json || !input.yes) for (const plan of plans) showPlan(plan, input.json, io);
  if (!input.yes) return plans.some(({ refusedBecause }) => refusedBecause !== undefined) ? NOT_ALL : DONE;

  let isAll = true;
  const onTheirWay: Service[] = [];
  for (const plan of plans) {
    const { effect, kind, because } = await undoOne(plan, past.ports);
    isAll &&= kind === "undone" || kind === "already";
    if (kind === "undone" && effect.kind === "service") onTheirWay.push(effect);
    io.out(
      input.json
        ? `${JSON.stringify({ outcome: kind, because, ...idOf(effect) })}\n`
        : `${kind}: ${because}\n`,
    );
  }
  if (!input.wait) return isAll ? DONE : NOT_ALL;
  // All at once: one that cannot start shall not keep the others from being seen.
  const followed = await Promise.all(
    onTheirWay.map(async (effect) => {
      const told = await followUndone(effect, past.ports, clock, (line) =>
        io.err(`  ${effect.service}: ${line}\n`),
      );
      io.out(
        input.json
          ? `${JSON.stringify({ followed: told.kind, because: told.because, ...idOf(effect) })}\n`
          : `${effect.service} ${IN_WORDS[told.kind]}: ${told.because}\n`,
      );
      return told.kind === "stands";
    }),
  );
  return isAll && followed.every(Boolean) ? DONE : NOT_ALL;
}

type Service = InEffect & { readonly kind: "service" };

const IN_WORDS: Readonly<Record<Followed["kind"], string>> = {
  stands: "stands",
  "cannot-start": "does not start",
  superseded: "was changed meanwhile",
  moving: "is still on its way",
};

/** Every target of a rule or schedule that runs a revision of ours; those that may not be read are told of. */
async function targets(
  { inventory, ports, scheduledRuns }: Past,
  io: CommandIo,
): Promise<readonly InEffect[]> {
  try {
    const runs = await scheduledRuns(await inventory.clusters());
    const families = new Set(
      runs.flatMap(({ taskDefinition }) => familyAndRevision(taskDefinition)?.family ?? []),
    );
    const found: InEffect[] = [];
    for (const family of families) found.push(...(await targetsInEffect(family, inventory, ports)));
    return found;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    io.err(`rules and schedules are left out: ${error.message}\n`);
    return [];
  }
}

async function select({ name, since }: UndoInput, past: Past, io: CommandIo): Promise<readonly InEffect[]> {
  const { inventory, ports, clock } = past;
  const services = await servicesInEffect(inventory, ports);
  if (since !== undefined) {
    const moment = momentIn(since, clock.now());
    const all = [...services, ...(await targets(past, io))];
    return all.filter(({ registeredAt }) => registeredAt !== undefined && registeredAt >= moment);
  }
  const named = services.filter(
    (effect) => effect.execution === name || (effect.kind === "service" && effect.service === name),
  );
  if (named.length > 0 || name === undefined || !/^[A-Za-z0-9_-]{1,255}$/.test(name)) return named;
  return await targetsInEffect(name, inventory, ports);
}

function idOf(effect: InEffect): Record<string, unknown> {
  const { revision, former, execution, clusterArn } = effect;
  const user = effect.kind === "service" ? { service: effect.service } : { target: effect.target };
  return { ...user, cluster: clusterArn, revision, former, execution };
}

function showPlan({ effect, refusedBecause, warnings }: UndoPlan, json: boolean, io: CommandIo): void {
  if (json) {
    io.out(
      `${JSON.stringify({ plan: refusedBecause === undefined ? "undo" : "leave", because: refusedBecause, warnings, ...idOf(effect) })}\n`,
    );
    return;
  }
  const cluster = effect.clusterArn.slice(effect.clusterArn.lastIndexOf("/") + 1);
  const user = effect.kind === "service" ? `${cluster}/${effect.service}` : targetName(effect.target);
  const lines = [
    refusedBecause === undefined
      ? `${user}: from ${revisionName(effect.revision)} back to ${effect.former}`
      : `${user}: cannot be undone: ${refusedBecause}`,
    ...effect.images.map(
      ({ image, digest }) => `${image} again, in place of ${digest ?? "the same with an account"}`,
    ),
    ...warnings,
  ];
  io.out(`${lines.join("\n    ")}\n`);
}
