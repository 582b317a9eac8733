/** The stack's options in a command that is printed: without them it may go by other rules, or be refused. */

import type { DeployedConfigOptions } from "./deployed-config.ts";

/** ` --stack prod`, or nothing. */
export function stackFlags({ stack, policyFile }: DeployedConfigOptions): string {
  return [
    ...(stack === undefined ? [] : stack === false ? ["--no-stack"] : [`--stack ${quoted(stack)}`]),
    ...(policyFile === undefined ? [] : [`--policy ${quoted(policyFile)}`]),
  ]
    .map((flag) => ` ${flag}`)
    .join("");
}

/** As one word of a shell. */
export function quoted(word: string): string {
  return /^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
