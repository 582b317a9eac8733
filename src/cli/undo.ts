/** `repull undo`: back to the former revision of one remediation, or of all since a time. The plan is shown first. */

import { InvalidInput } from "../image/invalid-input.ts";
import { type InEffect, servicesInEffect, targetsInEffect } from "../remediation/in-effect.ts";
import { targetName } from "../remediation/schedules-port.ts";
import { planUndo, type UndoPlan, undoOne } from "../remediation/undo.ts";
import { revisionName } from "../workload/arn.ts";
import type { CommandIo } from "./io.ts";
import { momentIn, type Past } from "./past.ts";

export type UndoInput = {
  /** An execution, a service, or the family of a task that a schedule starts. */
  readonly name?: string;
  readonly since?: string;
  readonly yes: boolean;
  readonly json: boolean;
};

const DONE = 0;
const NOT_ALL = 1;

/** Exit status 0 where all that was found is undone, or would be; 1 where something is not, or nothing was found. */
export async function undo(input: UndoInput, past: Past, io: CommandIo): Promise<number> {
  const { name, since } = input;
  if ((name === undefined) === (since === undefined))
    throw new InvalidInput("undo", "either the NAME of an execution, service or family, or --since TIME");
  io.err(`${past.where}: ${input.yes ? "services may be changed" : "nothing is changed without --yes"}\n`);
  const found = await select(input, past);
  if (found.length === 0) {
    io.err(
      `nothing of Repull's is in effect ${name === undefined ? `since ${since}` : `under the name ${name}`}\n`,
    );
    return NOT_ALL;
  }
  const plans = await planUndo(found, past.ports);
  if (!input.json || !input.yes) for (const plan of plans) showPlan(plan, input.json, io);
  if (!input.yes) return plans.some(({ refusedBecause }) => refusedBecause !== undefined) ? NOT_ALL : DONE;

  let isAll = true;
  for (const plan of plans) {
    const { effect, kind, because } = await undoOne(plan, past.ports);
    isAll &&= kind === "undone" || kind === "already";
    io.out(
      input.json
        ? `${JSON.stringify({ outcome: kind, because, ...idOf(effect) })}\n`
        : `${kind}: ${because}\n`,
    );
  }
  return isAll ? DONE : NOT_ALL;
}

async function select(
  { name, since }: UndoInput,
  { inventory, ports, clock }: Past,
): Promise<readonly InEffect[]> {
  const services = await servicesInEffect(inventory, ports);
  if (since !== undefined) {
    const moment = momentIn(since, clock.now());
    return services.filter(({ registeredAt }) => registeredAt !== undefined && registeredAt >= moment);
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
    ...effect.images.map(({ image, digest }) => `${image} again, in place of ${digest}`),
    ...warnings,
  ];
  io.out(`${lines.join("\n    ")}\n`);
}
