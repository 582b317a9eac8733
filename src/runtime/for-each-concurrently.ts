/** Runs work over a list, a few at a time; the first failure stops what is under way, and nothing is left behind. */

/**
 * Resolves when every item is done. Rejects with the first failure, after all that was under way has ended.
 * @param work is handed a signal that aborts when another item failed or the caller gave up
 */
export async function forEachConcurrently<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T, signal: AbortSignal) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const both = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && !both.aborted) {
      const item = items[next];
      next += 1;
      if (item === undefined) continue;
      try {
        await work(item, both);
      } catch (error) {
        failures.push(error);
        failed.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  signal?.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}
