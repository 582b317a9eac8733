/**
 * The words that were typed, as commander reads them: options may come before the command, and `-o json` is `--json`.
 *
 * aws and kubectl take their options before the command too, and both print JSON by `-o json` or `--output json`.
 */

import type { Command } from "commander";
import { WrongCall } from "../../wrong-call.ts";
import { commandOf } from "./command-words.ts";

/** Throws WrongCall. */
export function readGivenWords(words: readonly string[], program: Command): readonly string[] {
  const end = words.indexOf("--");
  const [before, after] = end < 0 ? [words, []] : [words.slice(0, end), words.slice(end)];
  if (before[0] === "-V") return ["--version", ...before.slice(1), ...after];
  const read = optionsLast(asJson(before, program), program);
  return [...asContext(read, commandOf(read, program)), ...after];
}

function asJson(words: readonly string[], program: Command): readonly string[] {
  return words.flatMap((word, index) => {
    // The value of another option stays as it was typed.
    if (isOption(words[index - 1] ?? "", program, true)) return [word];
    const given = /^(?:-o=?|--output=)(.+)$/.exec(word)?.[1];
    if (given !== undefined) return [jsonOption(given)];
    if (word === "-o" || word === "--output") return [jsonOption(words[index + 1] ?? "nothing")];
    return ["-o", "--output"].includes(words[index - 1] ?? "") ? [] : [word];
  });
}

function jsonOption(format: string): string {
  if (format !== "json") throw new WrongCall(`-o: expected json, got ${format}`);
  return "--json";
}

/** `--region us-east-1 status` as `status --region us-east-1`; the program's own options may be anywhere. */
function optionsLast(words: readonly string[], program: Command): readonly string[] {
  const options: string[] = [];
  let at = 0;
  for (let word = words[at]; word?.startsWith("-"); word = words[at]) {
    const isOwn = program.options.some(({ short, long }) => word === short || word === long);
    // What the program itself says about a word that is nothing before a command is said of that word.
    if (!isOwn && !isOption(word, program)) return words;
    const taken = isOption(word, program, true) ? 2 : 1;
    options.push(...words.slice(at, at + taken));
    at += taken;
  }
  const [command, ...rest] = words.slice(at);
  return command === undefined ? words : [command, ...rest, ...options];
}

/** Whether any command has it; `takesValue`: as an option whose value is the next word. */
function isOption(word: string, command: Command, takesValue = false): boolean {
  return (
    command.options.some(
      ({ short, long, required }) => (word === short || word === long) && (!takesValue || required),
    ) || command.commands.some((one) => isOption(word, one, takesValue))
  );
}

/** kubectl's `--context` where a command has helm's `--kube-context`, and the other way round. */
function asContext(words: readonly string[], command: Command): readonly string[] {
  const has = (name: string): boolean => command.options.some(({ long }) => long === name);
  const [given, own] = has("--kube-context")
    ? ["--context", "--kube-context"]
    : ["--kube-context", "--context"];
  if (has(given) || !has(own)) return words;
  return words.map((word) =>
    word === given || word.startsWith(`${given}=`) ? `${own}${word.slice(given.length)}` : word,
  );
}
