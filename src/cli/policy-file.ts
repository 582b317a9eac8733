/** A policy document by the name that its writer knows: a file, or a parameter. What is wrong in it is reported with that name. */

import { InvalidInput } from "../image/invalid-input.ts";
import { type Policy, policyFrom } from "../substitution/policy/policy.ts";
import type { CommandIo } from "./io.ts";
import { unreadableFile } from "./wrong-call.ts";

/** The text of a file that is a policy. Throws WrongCall where it cannot be read, InvalidInput where it is none. */
export async function readPolicyFile(
  path: string,
  io: Pick<CommandIo, "env" | "readFile" | "whyNotRead">,
): Promise<string> {
  const text = await io.readFile(path);
  if (text === undefined) throw unreadableFile(path, io, "--policy");
  policyNamed(path, text, io.env);
  return text;
}

/** Throws InvalidInput that names the document. */
export function policyNamed(name: string, text: string, env: CommandIo["env"]): Policy {
  try {
    return policyFrom(env, text);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    const { path, expected } = error;
    throw new InvalidInput(path === "" ? name : `${name}: ${path}`, expected, { cause: error });
  }
}
