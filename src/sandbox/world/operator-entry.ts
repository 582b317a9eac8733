/** What a world file says of the person who operates Repull there: what was decided before, and what is done meanwhile. */

import * as z from "zod";
import type { Json } from "../../runtime/json.ts";

const json: z.ZodType<Json> = z.json();

export const operatorEntry = z.strictObject({
  /** The policy document; absent: the stack's defaults, with the mode `remediate`. */
  policy: z.record(z.string(), json).optional(),
  /** Of the stack's parameters, those that give rights over tasks that no service started; absent: its defaults. */
  parameters: z
    .strictObject({
      StandaloneTasks: z.enum(["report", "register", "run"]).optional(),
      ScheduleRoleArns: z.array(z.string()).optional(),
    })
    .optional(),
  /** What is answered, some minutes later, to a plan that waits for approval: `never` if absent. */
  answers: z.enum(["yes", "no", "never"]).optional(),
  /** The quota that others have used up, in the hour or the day in which the story begins. */
  usedUp: z.enum(["remediationsPerHour", "bytesPerDay"]).optional(),
  /** The kill switch is on, and this is why: nothing is written. */
  writesStopped: z.string().min(1).optional(),
});

export type OperatorEntry = z.infer<typeof operatorEntry>;

/** What the template makes of the parameters in the functions' environment. */
export function environmentOf({ parameters = {} }: OperatorEntry): Readonly<Record<string, string>> {
  const { StandaloneTasks, ScheduleRoleArns = [] } = parameters;
  const schedules = StandaloneTasks === "run" ? "move-and-run" : "move";
  return {
    ...(StandaloneTasks === undefined ? {} : { REPULL_STANDALONE_TASKS: StandaloneTasks }),
    ...(ScheduleRoleArns.length === 0 ? {} : { REPULL_SCHEDULES: schedules }),
  };
}
