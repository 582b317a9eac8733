/** How long something takes: the machine's steady clock, which no correction of the time moves. */

/** Starts to measure; answers how many milliseconds have passed since, with their fractions. */
export type Stopwatch = () => () => number;

export const systemStopwatch: Stopwatch = () => {
  const began = performance.now();
  return () => performance.now() - began;
};
