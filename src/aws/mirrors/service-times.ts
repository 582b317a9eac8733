/**
 * The time by the services of AWS: the `Date` of their answers. The machine's own clock may be wrong by years.
 * https://www.rfc-editor.org/rfc/rfc9110#name-date
 */

/** Every client of the SDK has one; their types differ. */
type Client = { readonly middlewareStack: { add(middleware: never, options: never): void } };
type Next = (args: unknown) => Promise<{ readonly response?: unknown }>;

export type ServiceTimes = {
  /** Notes what the answers of a client say. */
  watch<Watched extends Client>(service: string, client: Watched): Watched;
  /** What the last answer of each service said. */
  times(): readonly number[];
};

export function createServiceTimes(): ServiceTimes {
  const last = new Map<string, number>();
  return {
    watch(service, client) {
      const note = (next: Next) => async (args: unknown) => {
        const result = await next(args);
        const { headers } = (result.response ?? {}) as { headers?: Readonly<Record<string, string>> };
        const said = Date.parse(headers?.date ?? headers?.Date ?? "");
        if (!Number.isNaN(said)) last.set(service, said);
        return result;
      };
      const options = { name: "repullNoteTime", step: "deserialize", priority: "low" };
      client.middlewareStack.add(note as never, options as never);
      return client;
    },
    times: () => [...last.values()],
  };
}
