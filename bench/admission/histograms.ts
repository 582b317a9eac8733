/** Prometheus histograms of an API server: what was added to one between two readings. */

export type Histogram = {
  readonly count: number;
  readonly seconds: number;
  /** The upper bound of a bucket, in seconds, and how many are in it or below. */
  readonly buckets: ReadonlyMap<number, number>;
};

const NONE: Histogram = { count: 0, seconds: 0, buckets: new Map() };

/** The sum of all series of the name that have these labels. */
export function histogramIn(
  metrics: string,
  name: string,
  labels: Readonly<Record<string, string>>,
): Histogram {
  const buckets = new Map<number, number>();
  let [count, seconds] = [0, 0];
  for (const line of metrics.split("\n")) {
    if (!line.startsWith(name)) continue;
    const [, part, series = "", value] =
      /^[a-z_]+?_(bucket|sum|count)(?:\{([^}]*)\})? (\S+)$/.exec(line) ?? [];
    if (part === undefined || !/^[{ ]/.test(line.slice(`${name}_${part}`.length))) continue;
    const has = (key: string, wanted: string) => `,${series}`.includes(`,${key}="${wanted}"`);
    if (!Object.entries(labels).every(([key, wanted]) => has(key, wanted))) continue;
    const bound = Number((/(?:^|,)le="([^"]+)"/.exec(series)?.[1] ?? "").replace("+Inf", "Infinity"));
    if (part === "count") count += Number(value);
    else if (part === "sum") seconds += Number(value);
    else buckets.set(bound, (buckets.get(bound) ?? 0) + Number(value));
  }
  return { count, seconds, buckets };
}

export function added(after: Histogram, before: Histogram = NONE): Histogram {
  return {
    count: after.count - before.count,
    seconds: after.seconds - before.seconds,
    buckets: new Map(
      [...after.buckets].map(([bound, all]) => [bound, all - (before.buckets.get(bound) ?? 0)]),
    ),
  };
}

export function meanMilliseconds({ count, seconds }: Histogram): number {
  return count === 0 ? 0 : (seconds / count) * 1000;
}

/** As `histogram_quantile` of Prometheus has it: evenly spread within a bucket. */
export function quantileMilliseconds({ count, buckets }: Histogram, share: number): number {
  const wanted = count * share;
  let [lowBound, lowCount] = [0, 0];
  for (const [bound, all] of [...buckets].toSorted(([a], [b]) => a - b)) {
    if (all >= wanted && all > lowCount) {
      if (bound === Number.POSITIVE_INFINITY) return lowBound * 1000;
      return (lowBound + (bound - lowBound) * ((wanted - lowCount) / (all - lowCount))) * 1000;
    }
    [lowBound, lowCount] = [bound, all];
  }
  return 0;
}
