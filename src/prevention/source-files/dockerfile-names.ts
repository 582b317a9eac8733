/** Names that a Dockerfile gives: its stages, and the arguments from before the first stage whose values a stage takes over. */

import type { Instruction } from "dockerfile-ast";

/** `build` of `FROM image AS Build`. */
export function stageName(instruction: Instruction): string | undefined {
  if (instruction.getKeyword() !== "FROM") return undefined;
  const [, as, name] = instruction.getArguments();
  return as?.getValue().toLowerCase() === "as" ? name?.getValue().toLowerCase() : undefined;
}

/**
 * The arguments that a stage declares again without a value, and those that their values are made of.
 * https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact (read 2026-11)
 */
export function usedInStages(instructions: readonly Instruction[]): ReadonlySet<string> {
  const first = instructions.findIndex((one) => one.getKeyword() === "FROM");
  const declared = (from: number, to: number): readonly string[] =>
    instructions
      .slice(from, to)
      .filter((one) => one.getKeyword() === "ARG")
      .flatMap((one) => one.getArguments().map((argument) => argument.getValue()));
  if (first < 0) return new Set();
  const used = new Set(declared(first, instructions.length).filter((value) => !value.includes("=")));
  for (const value of declared(0, first).toReversed()) {
    const equals = value.indexOf("=");
    if (equals < 0 || !used.has(value.slice(0, equals))) continue;
    for (const [, name = ""] of value.slice(equals).matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g))
      used.add(name);
  }
  return used;
}
