/** Carries out one order, by the workflow of every remediation, and says where the plan is not the one that was shown. */

import type { ServicePlan } from "../../../mirrors/apply/apply-plan.ts";
import { linesOf } from "../../../text/visible.ts";
import { type CarriedOut, carryOutPlan } from "../../account/sessions/carry-out-plan.ts";
import type { CommandIo } from "../../io.ts";
import { fullName } from "../../output/format-assessment.ts";
import { jsonLine } from "../../output/json-line.ts";
import type { ApplySession } from "./apply-session.ts";
import { policyOfOrder } from "./plan-services.ts";

export type Applicable = Extract<ServicePlan, { readonly kind: "apply" }>;

export async function carryOut(
  { failure, order, execution, plan, service }: Applicable,
  output: { readonly json: boolean; readonly settle: boolean },
  session: ApplySession,
  io: CommandIo,
): Promise<CarriedOut> {
  const name = fullName(service);
  (output.json ? io.err : io.out)(`${name}:\n`);
  const options = { policy: policyOfOrder(session.installed.policy), execution, order };
  const done = await carryOutPlan({ failure, service, plan, options }, output, session, io);
  if (done.kind === "changed") {
    const because = `${name} was not changed: the plan is another one than the one that was shown`;
    const line = { where: name, outcome: "refused", because };
    io.out(output.json ? jsonLine("outcome", line) : linesOf([`  Not changed: ${because}`]));
  }
  return done;
}
