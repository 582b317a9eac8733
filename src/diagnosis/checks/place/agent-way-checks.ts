/**
 * Whether the agent of a container instance reaches ECS: its API, the channel of its commands and that of its measures, each by an
 * endpoint of its own where there is no way to the internet. (AmazonECS/…/vpc-endpoints.html, read 2026-11)
 */

import { isUnread } from "../../../network/facts.ts";
import type { Scene } from "../../scene.ts";
import { notApplicable, type StartCheck, unknown } from "../check.ts";
import { networkChecks } from "../network/network-checks.ts";
import { awsTarget, hostOf } from "../network/network-targets.ts";

const ID = "net.instance.endpoints-ecs";
const NAMES = ["ecs", "ecs-agent", "ecs-telemetry"] as const;

export async function agentWayChecks(scene: Scene): Promise<readonly StartCheck[]> {
  const { pulledBy, sources } = scene;
  if (pulledBy === "task") return [notApplicable(ID, "on Fargate there is no agent of the account's own")];
  if (!isUnread(sources) && sources.length === 0) return [unknown(ID, "no instance of EC2 is known")];
  const targets = NAMES.map((name) => awsTarget(name, scene));
  const checks = await networkChecks(targets, false, scene);
  return checks.map((one, index) => {
    // Which station of the way is closed, the check of that station says; that the way is open, or missing, this one.
    const named = /^net\.(?:endpoint\.)?ecs/.test(one.id) ? { ...one, id: ID } : one;
    const target = targets[index];
    // The agent may go by a proxy, which only the instance knows.
    if (target === undefined || one.result !== "not sure" || one.fact?.otherwise === undefined) return named;
    const params = { ...one.fact, host: hostOf(target), service: target.name };
    return { ...named, suspected: { code: "instance-has-no-way-to-ecs", params } };
  });
}
