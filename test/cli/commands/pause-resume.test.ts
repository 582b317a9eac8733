/** `repull pause` and `repull resume` on a kill switch in memory: what is in the parameter at the end, and the exit status. */

import { describe, expect, it } from "vitest";
import type { KillSwitchSession } from "../../../src/cli/account/sessions/kill-switch-session.ts";
import { pause, resume } from "../../../src/cli/commands/pause-resume.ts";
import { EXIT } from "../../../src/cli/exit-status.ts";
import { InvalidInput } from "../../../src/image/invalid-input.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

type Parameter = { value: string };
type World = {
  /** The parameter's text; `denied` and `absent` are refusals of the read. */
  readonly value: string;
  readonly refusal?: "denied" | "absent";
  /** Undefined: no terminal. */
  readonly answer?: string;
  readonly yes?: boolean;
  readonly because?: string;
  /** Written by another person between the plan and the answer. */
  readonly meanwhile?: string;
};

async function run(command: "pause" | "resume", world: World) {
  const { value, refusal, answer, yes = false, because = "payment freeze", meanwhile } = world;
  const parameter: Parameter = { value };
  const session: KillSwitchSession = {
    where: "the test",
    stack: "repull",
    parameter: "/repull/writes",
    caller: "user/ada",
    read: async () => {
      if (refusal !== undefined) throw new AwsError(refusal, "ssm:GetParameter", refusal);
      return parameter.value;
    },
    write: async (text) => {
      parameter.value = text;
    },
  };
  const recorded = commandIo();
  const ask = async (): Promise<string> => {
    if (meanwhile !== undefined) parameter.value = meanwhile;
    return answer ?? "";
  };
  const io = answer === undefined ? recorded : { ...recorded, ask };
  const input = { because, yes, json: true };
  const ended = await (command === "pause" ? pause(input, session, io) : resume(input, session, io)).catch(
    (error: { readonly code?: string }) => error.code,
  );
  return {
    ended,
    value: parameter.value,
    lines: objectsIn(recorded.printed.out),
    /** What --quiet prints. */
    errors: recorded.printed.err.split("\n").filter((line) => line.startsWith("repull ")),
  };
}

const PAUSED = "paused by user/ada: payment freeze";

describe("repull pause and repull resume", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly [when: string, command: "pause" | "resume", world: World, ended: unknown, value: string][] = [
    ["stops writes when --yes is given",                     "pause",  { value: "allowed", yes: true },                               EXIT.done,        PAUSED],
    ["stops writes when the answer is yes",                  "pause",  { value: "allowed", answer: "y" },                             EXIT.done,        PAUSED],
    ["writes nothing when the answer is no",                 "pause",  { value: "allowed", answer: "n" },                             EXIT.failed,      "allowed"],
    ["writes nothing when there is no terminal and no --yes","pause",  { value: "allowed" },                                          EXIT.usage,       "allowed"],
    ["keeps the first reason when it is paused already",     "pause",  { value: "by Bob", yes: true },                                EXIT.done,        "by Bob"],
    ["stops writes when the value may not be read",          "pause",  { value: "allowed", refusal: "denied", yes: true },            EXIT.done,        PAUSED],
    ["makes no parameter when there is none",                "pause",  { value: "", refusal: "absent", yes: true },                   "writes-stopped", ""],
    ["allows writes when --yes is given",                    "resume", { value: PAUSED, yes: true },                                  EXIT.done,        "allowed"],
    ["changes nothing when writes are allowed already",      "resume", { value: "allowed", yes: true },                               EXIT.done,        "allowed"],
    ["keeps a reason that was given while it asked",         "resume", { value: PAUSED, answer: "y", meanwhile: "by Eve: incident" }, EXIT.failed,      "by Eve: incident"],
    ["writes nothing when the value may not be read",        "resume", { value: PAUSED, refusal: "denied", yes: true },               "writes-stopped", PAUSED],
  ];
  for (const [when, command, world, ended, value] of table)
    it(`${command} ${when}`, async () => {
      const ran = await run(command, world);
      expect({ ended: ran.ended, value: ran.value }).toEqual({ ended, value });
    });

  for (const [command, world, codes] of [
    ["pause", { value: "allowed" }, ["invalid-input"]],
    ["resume", { value: PAUSED }, ["invalid-input"]],
    ["resume", { value: PAUSED, answer: "y", meanwhile: "by Eve: incident" }, []],
  ] as const)
    it(`${command} reports also with --quiet that nothing was changed: ${JSON.stringify(world)}`, async () => {
      const { errors, lines } = await run(command, world);
      expect([errors.length, lines.map(({ code }) => code)]).toEqual([1, codes]);
    });

  for (const because of [" ", "{{other}}"])
    it(`pause refuses the reason ${JSON.stringify(because)}`, async () => {
      const io = commandIo();
      const session = { where: "", stack: "repull", caller: "" } as KillSwitchSession;
      await expect(pause({ because, yes: true, json: false }, session, io)).rejects.toThrow(InvalidInput);
    });

  it("says what changed and how to undo it in one JSON line", async () => {
    const { lines } = await run("pause", { value: "allowed", yes: true });
    expect(lines).toEqual([
      {
        type: "kill-switch",
        stack: "repull",
        parameter: "/repull/writes",
        writes: "stopped",
        changed: true,
        before: "allowed",
        after: PAUSED,
        undo: "repull resume --stack repull --yes",
      },
    ]);
  });
});
