/**
 * An object whose methods are loaded by the first call of one of them, once: what implements it costs nothing to those
 * who do not use it.
 */

type Methods<T> = {
  readonly [K in keyof T]: T[K] extends (...args: never[]) => Promise<unknown> ? true : never;
};

/** @param methods every method, by name; the compiler says which is missing. */
export function loadedWhenUsed<T extends object>(methods: Methods<T>, load: () => Promise<T>): T {
  let loading: Promise<T> | undefined;
  const call =
    (name: PropertyKey) =>
    async (...args: readonly unknown[]): Promise<unknown> => {
      // A file that could not be read now may be readable later.
      loading ??= load().catch((error: unknown) => {
        loading = undefined;
        throw error;
      });
      const loaded = (await loading) as Record<PropertyKey, (...args: readonly unknown[]) => unknown>;
      return await loaded[name]?.(...args);
    };
  return Object.fromEntries(Object.keys(methods).map((name) => [name, call(name)])) as T;
}
