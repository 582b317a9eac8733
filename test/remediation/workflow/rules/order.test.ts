/** An operator's order: it is for the deployment that was shown, and the loop guard is not asked. */

import type { Order } from "../../../../src/remediation/survey/types.ts";
import { FORMER, failedSubstitute, OURS, rules } from "../../../support/workflow-state.ts";

const options = { order: { deploymentId: "ecs-svc/1", images: [] } satisfies Order, interactive: true };
const ordered = { failure: { preemptive: true as const }, options };
const GOES_ON = ["write acquire-quota", { polls: 1 }] as const;
const tries = { sameRevision6h: 2, sameRevision24h: 4, otherRevisions6h: 6 };
const tried = { tried: [failedSubstitute()], substitution: { previousRevision: FORMER, newRevision: OURS } };

// biome-ignore format: a table is read by its columns
rules("an order", [
  ["goes on for the deployment that was shown",              { ...ordered }, ...GOES_ON],
  ["replaces no deployment that came after the plan",        { ...ordered, survey: { deploymentId: "ecs-svc/2" } }, "end superseded", { images: ["nginx:1.25"] }],
  ["replaces none where ECS shows none",                     { ...ordered, survey: { deploymentId: "" } }, "end superseded", { images: ["nginx:1.25"] }],
  ["replaces none that is in progress",                      { ...ordered, survey: { isDeploying: true } }, "end superseded", { images: ["nginx:1.25"] }],
  ["looks for another place though its own is in place",     { ...ordered, survey: { deploymentId: "ecs-svc/2" }, state: tried }, ...GOES_ON],
  ["is not kept by what did not last before",                { ...ordered, survey: { recentSubstitutions: tries } }, ...GOES_ON],
]);
