/**
 * Whether the capacity provider of a start can bring another instance: its Auto Scaling group, the group's most instances, what it
 * did last, and whether ECS may scale it at all. (AmazonECS/…/cluster-auto-scaling.html, AutoScaling API_Activity, read 2026-11)
 */

import { getMoment, getNumber, getObject, getObjects, getString } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import type { CauseCode } from "../../causes.ts";
import type { Scene } from "../../scene.ts";
import { failed, notApplicable, notChecked, passed, type StartCheck, unknown } from "../check.ts";
import { trustCheck } from "../role-checks.ts";

const ID = "capacity-provider.scaling";
const NO_ROOM = [
  "no-instance-with-free-cpu",
  "no-instance-with-free-memory",
  "no-container-instance",
] as const;
const PROVIDERS_MAX = 3;
const MESSAGE_MAX = 300;
/** Without it a group launches nothing. (AutoScaling, as-suspend-resume-processes.html, read 2026-11) */
const NEEDED = "Launch";

/** By the message of an activity that failed, as EC2 words it. */
const REFUSALS: readonly (readonly [message: RegExp, code: CauseCode])[] = [
  [
    /LimitExceeded|CountExceeded|exceed(?:ed)? .{0,40}(?:limit|quota)|more (?:vCPU|instances?) .{0,40}limit/i,
    "ec2-quota-reached",
  ],
  [
    /InsufficientInstanceCapacity|do not have sufficient|insufficient capacity|UnfulfillableCapacity/i,
    "ec2-capacity-unavailable",
  ],
];

export async function capacityProviderChecks(scene: Scene): Promise<readonly StartCheck[]> {
  const { reads, region } = scene;
  const names = namesOf(scene).filter((one) => !/^FARGATE(?:_SPOT)?$/.test(one));
  if (names.length === 0) return [notApplicable(ID, "the start names no capacity provider with instances")];
  const input = { capacityProviders: names.slice(0, PROVIDERS_MAX) };
  const found = await reads.read("ecs.DescribeCapacityProviders", input, region);
  if (found.kind === "unread")
    return [notChecked(ID, found, ["ecs.DescribeCapacityProviders", input, region])];
  const all = found.kind === "answer" ? getObjects(found.answer, "capacityProviders") : [];
  const checks = await Promise.all(
    input.capacityProviders.map((name) =>
      providerChecks(
        name,
        all.find((one) => getString(one, "name") === name),
        scene,
      ),
    ),
  );
  return checks.flat();
}

function namesOf({ start, service }: Scene): readonly string[] {
  if (start.capacityProvider !== undefined) return [start.capacityProvider];
  return getObjects(service ?? {}, "capacityProviderStrategy").flatMap(
    (one) => getString(one, "capacityProvider") ?? [],
  );
}

async function providerChecks(
  name: string,
  provider: JsonObject | undefined,
  scene: Scene,
): Promise<readonly StartCheck[]> {
  if (provider === undefined) return [unknown(ID, `ECS does not describe the capacity provider ${name}`)];
  const managed = getString(getObject(provider, "managedInstancesProvider") ?? {}, "infrastructureRoleArn");
  if (managed !== undefined)
    return [await trustCheck(managed, "ecs.amazonaws.com", "infrastructure-role-not-assumable", scene)];
  const own = getObject(provider, "autoScalingGroupProvider") ?? {};
  const group = getString(own, "autoScalingGroupArn")?.split(":autoScalingGroupName/")[1];
  if (group === undefined) return [unknown(ID, `${name} has no Auto Scaling group`)];
  const scaling = getString(getObject(own, "managedScaling") ?? {}, "status") ?? "DISABLED";
  return [await groupCheck({ provider: name, group, scaling }, scene)];
}

type Provided = { readonly provider: string; readonly group: string; readonly scaling: string };

async function groupCheck(
  { provider, group, scaling }: Provided,
  { reads, region }: Scene,
): Promise<StartCheck> {
  const input = { AutoScalingGroupNames: [group] };
  const asked = { AutoScalingGroupName: group };
  const [found, activities] = await Promise.all([
    reads.read("autoscaling.DescribeAutoScalingGroups", input, region),
    reads.read("autoscaling.DescribeScalingActivities", asked, region),
  ]);
  if (found.kind === "unread")
    return notChecked(ID, found, ["autoscaling.DescribeAutoScalingGroups", input, region]);
  const groups = found.kind === "answer" ? getObjects(found.answer, "AutoScalingGroups") : [];
  const own = groups.find((one) => getString(one, "AutoScalingGroupName") === group);
  const about = { provider, group };
  if (own === undefined)
    return groups.length > 0
      ? unknown(ID, `${group} is not recorded`)
      : failed(
          ID,
          `there is no Auto Scaling group ${group}, which ${provider} uses`,
          "capacity-provider-empty",
          about,
        );
  const [most, wanted] = [numberOf(own, "MaxSize"), numberOf(own, "DesiredCapacity")];
  const stopped = getObjects(own, "SuspendedProcesses")
    .flatMap((one) => getString(one, "ProcessName") ?? [])
    .find((one) => one === NEEDED);
  if (stopped !== undefined)
    return failed(ID, `the process ${stopped} of ${group} is suspended`, "instances-do-not-launch", {
      ...about,
      process: stopped,
      message: `the process ${stopped} is suspended`,
    });
  const refusal = activities.kind === "answer" ? lastRefusal(activities.answer, group) : undefined;
  if (refusal !== undefined) {
    const code = REFUSALS.find(([pattern]) => pattern.test(refusal))?.[1] ?? "instances-do-not-launch";
    return failed(ID, `${group} could not launch its last instance: ${refusal}`, code, {
      ...about,
      message: refusal,
    });
  }
  if (most === undefined || wanted === undefined) return unknown(ID, `the size of ${group} is not known`);
  const size = { ...about, most: String(most), more: String(most + 1), instances: String(wanted) };
  if (wanted >= most)
    return {
      ...failed(
        ID,
        `${group} has ${wanted} instances, and may have no more than ${most}`,
        "capacity-provider-at-maximum",
        size,
      ),
      // The group is where another instance would come from.
      details: NO_ROOM.map((code) => ({ code, params: { group, more: String(most + 1) } })),
    };
  if (scaling !== "ENABLED")
    return failed(
      ID,
      `${provider} has no managed scaling: ECS does not raise ${group} from ${wanted} instances`,
      "capacity-provider-does-not-scale",
      {
        ...size,
        wanted: String(wanted + 1),
      },
    );
  return passed(ID, `${group} may grow from ${wanted} to ${most} instances`, [
    "capacity-provider-at-maximum",
    "capacity-provider-does-not-scale",
  ]);
}

/** XML has numbers as text. */
function numberOf(json: JsonObject, member: string): number | undefined {
  const value = getNumber(json, member) ?? Number(getString(json, member) || Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

/** What the newest activity failed for; one that succeeded after it ends the matter. */
function lastRefusal(answer: JsonObject, group: string): string | undefined {
  const [newest] = getObjects(answer, "Activities")
    .filter((one) => (getString(one, "AutoScalingGroupName") ?? group) === group)
    .toSorted((a, b) => (getMoment(b, "StartTime") ?? 0) - (getMoment(a, "StartTime") ?? 0));
  if (newest === undefined || getString(newest, "StatusCode") !== "Failed") return undefined;
  return (getString(newest, "StatusMessage") ?? "AWS gives no reason").slice(0, MESSAGE_MAX);
}
