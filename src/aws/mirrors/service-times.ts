/**
 * The time by the services of AWS: the `Date` of their answers. The machine's own clock may be wrong by years.
 * https://www.rfc-editor.org/rfc/rfc9110#name-date
 */

import { type Clock, systemClock } from "../../runtime/clock.ts";

/** Every client of the SDK has one; their types differ. */
type Client = { readonly middlewareStack: { add(middleware: never, options: never): void } };
type Next = (args: unknown) => Promise<{ readonly response?: unknown }>;

export type ServiceTimes = {
  /** Notes what the answers of a client say. */
  watch<Watched extends Client>(service: string, client: Watched): Watched;
  /** What the time is by the last answer of each service: what it said, and what has passed since. */
  times(): readonly number[];
};

/** Lambda ends a run then: a machine's clock that jumps within one moves the time no further. */
const RUN_MS_MAX = 900_000;

export function createServiceTimes({ now }: Pick<Clock, "now"> = systemClock): ServiceTimes {
  const last = new Map<string, { readonly said: number; readonly at: number }>();
  return {
    watch(service, client) {
      const note = (next: Next) => async (args: unknown) => {
        const result = await next(args);
        const { headers } = (result.response ?? {}) as { headers?: Readonly<Record<string, string>> };
        const said = Date.parse(headers?.date ?? headers?.Date ?? "");
        if (!Number.isNaN(said)) last.set(service, { said, at: now() });
        return result;
      };
      const options = { name: "repullNoteTime", step: "deserialize", priority: "low" };
      client.middlewareStack.add(note as never, options as never);
      return client;
    },
    times: () =>
      [...last.values()].map(({ said, at }) => said + Math.min(RUN_MS_MAX, Math.max(0, now() - at))),
  };
}
