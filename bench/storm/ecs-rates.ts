/**
 * Calls to ECS that are above AWS's documented rates, by the times of a log alone.
 *
 * Burst and sustained rate for each group of actions, per account and region:
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html (read 2026-11). Written a second time on
 * purpose: the sandbox that throttles has its own table.
 */

type Group = { readonly burst: number; readonly perSecond: number; readonly actions: readonly string[] };

const GROUPS: readonly Group[] = [
  { burst: 20, perSecond: 1, actions: ["RegisterTaskDefinition", "DeregisterTaskDefinition"] },
  { burst: 50, perSecond: 20, actions: ["DescribeTaskDefinition", "ListTaskDefinitions"] },
  { burst: 50, perSecond: 5, actions: ["UpdateService", "CreateService", "StopServiceDeployment"] },
  { burst: 100, perSecond: 20, actions: ["DescribeServices", "ListServices"] },
  { burst: 50, perSecond: 20, actions: ["DescribeClusters", "ListClusters"] },
  { burst: 50, perSecond: 20, actions: ["ListServiceDeployments", "DescribeServiceDeployments"] },
  { burst: 50, perSecond: 20, actions: ["DescribeServiceRevisions"] },
  {
    burst: 100,
    perSecond: 20,
    actions: ["DescribeTasks", "ListTasks", "DescribeContainerInstances", "ListContainerInstances"],
  },
];

/** @param calls in the order of their times, in milliseconds */
export function callsAboveRates(
  calls: readonly { readonly at: number; readonly operation: string }[],
): Readonly<Record<string, number>> {
  const above: Record<string, number> = {};
  for (const { burst, perSecond, actions } of GROUPS) {
    let tokens = burst;
    let last = 0;
    for (const { at, operation } of calls) {
      if (!actions.includes(operation)) continue;
      tokens = Math.min(burst, tokens + ((at - last) / 1000) * perSecond);
      last = at;
      if (tokens >= 1) tokens -= 1;
      else above[operation] = (above[operation] ?? 0) + 1;
    }
  }
  return above;
}
