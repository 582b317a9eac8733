/**
 * Whether admission costs what it may: of each way the median of its rounds, against the rounds in which nothing was in force.
 *
 * The spread is the range of those rounds. A policy meets its goal where its median is within it, and the webhook where it adds no
 * more than so many milliseconds to the base line's median. The mean is the API server's own. Its histograms begin with a bucket of
 * 5 ms, which distinguishes nothing, so quantiles are the client's, which include the way there and back.
 */

export type Figures = { readonly mean: number; readonly p50: number; readonly p99: number };
type Figure = keyof Figures;

/** Figures of a way's rounds, in milliseconds, in the order in which they were measured. */
export type Measured = { readonly rounds: readonly Figures[]; readonly refused: number };

export type Goal = {
  readonly way: string;
  readonly figure: Figure | "refused";
  readonly measured: number;
  /** More than nothing costs: the median of the differences within each round. */
  readonly added?: number;
  /** The most that still meets the goal. */
  readonly bound: number;
  /** The rounds with nothing in force, from the least to the most. */
  readonly base?: readonly [number, number];
  readonly isMet: boolean;
};

/** What a way may add over the base line's median; without a number: it has to be within the base line's spread. */
export type Allowance = Partial<Record<Figure, number | "spread">>;

export function judgeGoals(
  base: Measured,
  ways: ReadonlyMap<string, Measured>,
  allowances: Readonly<Record<string, Allowance>>,
): readonly Goal[] {
  const ofFigures = Object.entries(allowances).flatMap(([way, allowance]) => {
    const measured = ways.get(way);
    return measured === undefined ? [] : goalsOf(way, measured, base, allowance);
  });
  const ofPods = [...ways].map(([way, { refused }]) => ({
    ...({ way, figure: "refused", measured: refused, bound: 0, isMet: refused === 0 } as const),
  }));
  return [...ofFigures, ...ofPods];
}

function goalsOf(way: string, { rounds }: Measured, base: Measured, allowance: Allowance): readonly Goal[] {
  return (Object.entries(allowance) as [Figure, number | "spread"][]).map(([figure, allowed]) => {
    const of = (all: readonly Figures[]) => all.map((one) => one[figure]);
    const baseLine = of(base.rounds).toSorted((a, b) => a - b);
    const [least = Number.NaN, most = Number.NaN] = [baseLine[0], baseLine.at(-1)];
    const measured = median(of(rounds));
    const added = median(of(rounds).map((value, round) => value - (of(base.rounds)[round] ?? Number.NaN)));
    const bound = allowed === "spread" ? most : median(baseLine) + allowed;
    return { way, figure, measured, added, bound, base: [least, most], isMet: measured <= bound };
  });
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = Math.floor(sorted.length / 2);
  const upper = sorted[at] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[at - 1] ?? upper)) / 2;
}
