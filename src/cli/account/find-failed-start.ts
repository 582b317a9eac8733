/** A task or a service by its name in the account: an id, an ARN, the console's address; a service's newest failures first. */

import { type FailedStart, fromTask } from "../../diagnosis/failed-start.ts";
import type { AccountReads, Answered, Operation } from "../../diagnosis/reads.ts";
import { startOfService } from "../../diagnosis/service-start.ts";
import { parseEcsArn } from "../../ecs/arn.ts";
import { getObjects, getString, getStrings, optional } from "../../ecs/json-fields.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { suggest } from "../../text/suggest.ts";
import { RefusedCommand } from "../refused-command.ts";
import { clusterName } from "./find-service.ts";

type Named = { readonly kind: "task" | "service"; readonly name: string; readonly cluster?: string };

const TASK_ID = /^(?:[\da-f]{32}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/;
/** A task's address in the console may go by its service's. */
const CONSOLE =
  /\/clusters\/(?<cluster>[\w-]+)\/(?:services\/[\w-]+\/(?=tasks\/))?(?<kind>services|tasks)\/(?<name>[\w-]+)/;
const NAME = /^(?:(?<cluster>[\w-]{1,255})\/)?(?<name>[\w-]{1,255})$/;

export function targetOf(text: string, cluster: string | undefined): Named {
  const arn = parseEcsArn(text);
  if (arn?.kind === "task")
    return { kind: "task", name: text, ...optional("cluster", cluster ?? arn.cluster) };
  if (arn?.kind === "service")
    return { kind: "service", name: arn.name, ...optional("cluster", cluster ?? arn.cluster) };
  const seen = /^https:\/\//.test(text) ? CONSOLE.exec(text)?.groups : undefined;
  if (seen !== undefined)
    return {
      kind: seen.kind === "tasks" ? "task" : "service",
      name: seen.name ?? "",
      ...optional("cluster", seen.cluster),
    };
  const named = NAME.exec(text)?.groups;
  if (named?.name === undefined)
    throw new InvalidInput(
      "TARGET",
      `a file, a task's id or ARN, a service, CLUSTER/SERVICE, or the console's address; got ${JSON.stringify(text.slice(0, 200))}`,
    );
  return {
    kind: TASK_ID.test(named.name) ? "task" : "service",
    name: named.name,
    ...optional("cluster", cluster ?? named.cluster),
  };
}

export async function startsInAccount(
  text: string,
  cluster: string | undefined,
  reads: AccountReads,
): Promise<readonly FailedStart[]> {
  const target = targetOf(text, cluster);
  const clusters = target.cluster === undefined ? await clustersOf(reads) : [target.cluster];
  for (const one of clusters) {
    const found =
      target.kind === "task"
        ? await taskIn(one, target.name, reads)
        : await serviceIn(one, target.name, reads);
    if (found !== undefined) return [found];
  }
  throw new InvalidInput(
    "TARGET",
    target.kind === "task"
      ? `a task that ECS still shows (a stopped one for about an hour): it shows no ${target.name} in ${clusters.length} clusters`
      : `a service of this account and region, or a file: ${await noService(target.name, clusters, reads)}`,
  );
}

/** Only a wrong name costs the lists: of each cluster the first page. */
async function noService(name: string, clusters: readonly string[], reads: AccountReads): Promise<string> {
  const names: string[] = [];
  for (const cluster of clusters) {
    const listed = await reads.read("ecs.ListServices", { cluster });
    if (listed.kind === "answer") names.push(...getStrings(listed.answer, "serviceArns").map(clusterName));
  }
  const [only = "", ...others] = clusters;
  const where = others.length === 0 ? `the cluster ${clusterName(only)}` : "this region's clusters";
  const likely = suggest(name, names);
  return `there is no service ${name} in ${where}${likely === undefined ? "" : `, perhaps ${likely}`}`;
}

async function clustersOf(reads: AccountReads): Promise<readonly string[]> {
  return getStrings(await answerOf("ecs.ListClusters", {}, reads), "clusterArns");
}

async function taskIn(cluster: string, task: string, reads: AccountReads): Promise<FailedStart | undefined> {
  const answer = await answerOf("ecs.DescribeTasks", { cluster, tasks: [task] }, reads);
  const [found] = getObjects(answer, "tasks");
  return found && fromTask(found);
}

async function serviceIn(
  cluster: string,
  name: string,
  reads: AccountReads,
): Promise<FailedStart | undefined> {
  const described = await answerOf("ecs.DescribeServices", { cluster, services: [name] }, reads);
  const service = getObjects(described, "services").find(
    (one) => getString(one, "serviceName") === name && getString(one, "status") !== "INACTIVE",
  );
  return service && (await startOfService(service, cluster, reads));
}

/** What names the target has to be readable: without it nothing is diagnosed. */
async function answerOf(operation: Operation, input: JsonObject, reads: AccountReads): Promise<JsonObject> {
  const found: Answered = await reads.read(operation, input);
  if (found.kind === "answer") return found.answer;
  if (found.kind === "absent") return {};
  if (found.error !== undefined) throw new AwsError(found.error, found.permission, found.because);
  throw new RefusedCommand(
    "no-right",
    `${found.because}: ${found.permission} is needed to find the target; --offline FILE needs no right`,
  );
}
