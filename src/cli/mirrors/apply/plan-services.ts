/** Plans every service that is asked for, one after the other. Reads only. */

import { optional } from "../../../ecs/json-fields.ts";
import type { Service } from "../../../ecs/service/service.ts";
import { InvalidInput } from "../../../image/invalid-input.ts";
import { canonicalName } from "../../../image/reference.ts";
import type { ServicePlan } from "../../../mirrors/apply/apply-plan.ts";
import type { CopiedSource } from "../../../mirrors/apply/followed-images.ts";
import { headsOf } from "../../../mirrors/apply/heads-of.ts";
import { planService } from "../../../mirrors/apply/plan-service.ts";
import { readSourcedCopies } from "../../../mirrors/sourced-copies.ts";
import { withKillSwitch } from "../../../remediation/gates/kill-switch.ts";
import { AwsError, isTransient } from "../../../remediation/ports/aws-error.ts";
import type { Ports } from "../../../remediation/ports/ports.ts";
import { readAgain } from "../../../remediation/ports/read-again.ts";
import { silentLog } from "../../../runtime/log.ts";
import type { Policy } from "../../../substitution/policy/policy.ts";
import { findService } from "../../account/find-service.ts";
import { fullName } from "../../output/format-assessment.ts";
import type { ApplySession } from "./apply-session.ts";
import { wantedImages } from "./selection.ts";

export type Selected = {
  readonly cluster?: string;
  /** Names; empty: all. */
  readonly services: readonly string[];
  /** Tags, each perhaps with a digest; empty: all. */
  readonly images: readonly string[];
};

export type Planned = {
  readonly plans: readonly ServicePlan[];
  /** What could not be read, of the copies and of services. */
  readonly unread: readonly string[];
};

/** The policy of an order: a copy in ECR is run, and nothing is copied for it. */
export function policyOfOrder(policy: Policy): Policy {
  return { ...policy, strategies: ["ecr-copy"] };
}

/** @param isYes whether what is planned is carried out at once */
export async function planServices(
  selected: Selected,
  isYes: boolean,
  session: ApplySession,
): Promise<Planned> {
  const { installed, store } = session;
  const policy = policyOfOrder(installed.policy);
  const ports = withKillSwitch(session.portsFor(silentLog), installed.killSwitch);
  const { copies, gaps } =
    policy.mirrorPrefix === undefined
      ? { copies: [], gaps: [] }
      : await readSourcedCopies(policy.mirrorPrefix, store);
  const sources = new Map(
    copies.flatMap(({ copy: { repository }, sources: of }) =>
      of.flatMap((source): [string, CopiedSource][] => {
        const name = canonicalName(source);
        return source.tag === undefined ? [] : [[name, { name, source, repository }]];
      }),
    ),
  );
  const wanted = wantedImages(selected.images, sources, gaps.length === 0);
  const isNamed = wanted.size > 0 && [...wanted.values()].every((digest) => digest !== undefined);
  const request = { policy, sources, wanted, headOf: headsOf(ports.registries), isShown: !isYes || isNamed };
  const plans: ServicePlan[] = [];
  const unread = [...gaps];
  let inARow = 0;
  for await (const service of servicesOf(selected, session, ports)) {
    if ("because" in service) {
      unread.push(service.because);
      continue;
    }
    if (sources.size === 0) continue;
    try {
      const plan = await readAgain(() => planService(service, request, ports), ports.clock);
      if (plan !== undefined) plans.push(plan);
      inARow = 0;
    } catch (error) {
      inARow += 1;
      if (!(error instanceof AwsError) || !isTransient(error) || inARow === UNREAD_MAX) throw error;
      unread.push(`${fullName(service)}: ${error.message}`);
    }
  }
  return { plans, unread };
}

/** One bad moment of AWS does not lose the plans of hundreds of services; an AWS that does not answer is not asked for each. */
const UNREAD_MAX = 3;

/** One that was deleted does not keep the others of a printed command from being moved. */
async function* servicesOf(
  { cluster, services }: Selected,
  { inventory, home }: ApplySession,
  { ecs }: Ports,
): AsyncIterable<Service | { readonly because: string }> {
  const found = new Set<string>();
  for (const service of services)
    try {
      const one = await findService({ service, ...optional("cluster", cluster) }, inventory, ecs, home);
      if (!found.has(one.arn)) yield one;
      found.add(one.arn);
    } catch (error) {
      if (!(error instanceof InvalidInput) || services.length === 1) throw error;
      yield { because: `${service}: ${error.message}` };
    }
  if (services.length > 0) return;
  for (const one of cluster === undefined ? await inventory.clusters() : [cluster])
    for await (const some of inventory.services(one)) yield* some;
}
