/** `repull plan SERVICE`: what Repull would do for a service before anything fails. Writes nothing. */

import { silentLog } from "../../runtime/log.ts";
import { linesOf, visibleJson } from "../../text/visible.ts";
import type { Hands } from "../account/account-session.ts";
import { type Looked, lookAt } from "../account/assess-service.ts";
import { clusterName, findService, type ServiceName } from "../account/find-service.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { lookAsJson, lookInWords, remediesAsData, remediesOf } from "../output/format-assessment.ts";
import { nextLines } from "../output/next-lines.ts";

export type PlanInput = ServiceName & { readonly json: boolean };

/** Exit status 0 where a fix is at hand or none is needed, 1 where somebody should look. */
export async function plan(input: PlanInput, hands: Hands, io: CommandIo): Promise<number> {
  const { installed, inventory } = hands;
  io.err(`${hands.where}, by ${installed.from}: nothing is changed\n`);
  const ports = hands.portsFor(silentLog);
  const looked = await lookAt(
    await findService(input, inventory, ports.ecs, hands.home),
    installed.policy,
    ports,
  );
  const next = isAtHand(looked) ? [fixCommand(looked, hands.flags)] : remediesOf(looked);
  if (input.json) io.out(`${visibleJson(lookAsJson(looked, installed.from, next))}\n`);
  else io.out(linesOf([...lookInWords(looked), ...afterLook(looked, next, hands.flags)]));
  return looked.kind === "nothing-to-do" || isAtHand(looked) ? EXIT.done : EXIT.failed;
}

/** Whether `repull fix` would go on to write. */
export function isAtHand(looked: Looked): boolean {
  return looked.kind === "planned" && looked.plan.kind === "substitute" && looked.held === undefined;
}

/** What is left to do, and how to see whether it has helped. */
export function afterLook(looked: Looked, next: readonly string[], flags: string): readonly string[] {
  if (next.length === 0) return [];
  const remedies = remediesAsData(looked);
  const then = remedies.length === 0 ? [] : [`then: ${fixCommand(looked, flags)}`];
  return ["", ...nextLines(next, remedies), ...then];
}

function fixCommand({ service }: Looked, flags: string): string {
  return `repull fix ${service.name} --cluster ${clusterName(service.clusterArn)}${flags}`;
}
