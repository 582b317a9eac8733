/** Reads the value of an option that is a whole number within bounds, both included. */

import { InvalidArgumentError } from "commander";

/** Commander prints the error with the option's name, and the command ends with status 2. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}.`);
  };
}
