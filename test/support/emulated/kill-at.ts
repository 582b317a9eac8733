/** Ends a function's process at a moment that is named beforehand, as Lambda does with an environment that it gives up. */

import { type RequestKind, routeOf } from "../../../src/sandbox/registry/api/route.ts";
import type { EmulatedStack } from "./emulated-stack.ts";
import type { DoorAnswer, DoorCall } from "./front-door.ts";

export type Moment =
  /** Between the effect of this step and its record; without its number, the first of that kind. */
  | { readonly kind: "step"; readonly name: string }
  /** The first request of this kind is answered; absent `host`: at whichever registry. */
  | { readonly kind: "request"; readonly request: RequestKind; readonly host?: string }
  /** So long after the function's first call for an execution, in real time. */
  | { readonly kind: "seconds"; readonly seconds: number };

export type Kill = { readonly function: "remediate" | "mirror"; readonly moment: Moment };

export type ArmedKill = {
  readonly kill: Kill;
  /** Whether the moment has come. */
  isOver(): boolean;
  /** To be shown every call; an answer replaces AWS's. */
  onCall(call: DoorCall): Promise<DoorAnswer | undefined>;
};

/** @param told called when the process is gone */
export function killAt(
  stack: EmulatedStack,
  kill: Kill,
  told: (kill: Kill) => void = () => undefined,
): ArmedKill {
  const { function: name, moment } = kill;
  let isOver = false;
  let begun = false;
  const end = async (): Promise<void> => {
    isOver = true;
    await (await stack.functionOf(name)).killRuntime();
    told(kill);
  };
  const isOfFunction = ({ functionName }: { readonly functionName: string }) => functionName.endsWith(name);
  if (moment.kind === "request") {
    const { request: kind, host } = moment;
    for (const registry of stack.world.registries.all) {
      if (host !== undefined && !registry.hosts.includes(host)) continue;
      const handle = registry.handle.bind(registry);
      registry.handle = async (request, address) => {
        const answer = await handle(request, address);
        const isOurs = address === stack.world.addresses.repull && stack.executions.all.some(isOfFunction);
        if (!isOver && isOurs && routeOf(request).kind === kind) await end();
        return answer;
      };
    }
  }
  return {
    kill,
    isOver: () => isOver,
    async onCall({ operation, body, execution }) {
      if (isOver || execution === undefined || !isOfFunction(execution)) return undefined;
      if (moment.kind === "seconds" && !begun) setTimeout(() => void end(), moment.seconds * 1000).unref();
      begun = true;
      if (moment.kind !== "step" || !operation.endsWith("/checkpoint")) return undefined;
      const { Updates = [] } = JSON.parse(body) as { Updates?: { Name?: string; Action: string }[] };
      const isTheStep = (step = "") => [step, step.replace(/ \d+$/, "")].includes(moment.name);
      if (!Updates.some(({ Name, Action }) => Action === "SUCCEED" && isTheStep(Name))) return undefined;
      await end();
      // The record never arrives.
      return { status: 500, body: "{}" };
    },
  };
}
