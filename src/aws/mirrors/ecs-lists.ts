/**
 * Everything that ECS lists of a region, to its end: services, tasks, service revisions and task definitions, as JSON.
 *
 * DescribeClusters counts services and tasks: a list with fewer is one that ended early without saying so.
 */

import {
  DescribeClustersCommand,
  DescribeServiceRevisionsCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListClustersCommand,
  ListServiceDeploymentsCommand,
  ListServicesCommand,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
} from "@aws-sdk/client-ecs";
import { getMoment, getNumber, getObject, getObjects, getString, optional } from "../../ecs/json-fields.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { callAws } from "../client/aws-error-codes.ts";
import { sendRaw } from "../client/calls/raw-json.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { judgeFailures } from "../client/response-failures.ts";
import type { ServiceTimes } from "./service-times.ts";
import { groupsOf, need, objectsIn, textsIn, wholeList } from "./whole-list.ts";

/** ECS takes a hundred reads at once and twenty a second: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html */
const AT_ONCE = 4;
const HUNDRED = 100;
/** A service's clock is read to the second, and a task's end is written a moment late. */
const SECONDS_APART_MS = 5_000;

export type ClusterContents = {
  readonly services: readonly JsonObject[];
  readonly tasks: readonly JsonObject[];
};

/** Each method throws AwsError, or leaves the chain of reads that `readable` began. */
export interface EcsLists {
  /** @param known services that were seen before: the cluster of one is listed as long as it is there */
  clusters(known: Iterable<string>): Promise<readonly ClusterContents[]>;
  /** The ARNs of the revisions that each service has or had lately, by the service's ARN. */
  revisionsOf(services: readonly JsonObject[]): Promise<ReadonlyMap<string, readonly string[]>>;
  describeRevisions(arns: readonly string[]): Promise<readonly JsonObject[]>;
  /** The ARNs of all ACTIVE ones. */
  activeTaskDefinitions(): Promise<readonly string[]>;
  /** The images of a revision, in the order of its containers. @param taskDefinition its whole ARN */
  imagesOf(taskDefinition: string): Promise<readonly string[]>;
}

export function createEcsLists(settings: AwsSettings, times: ServiceTimes): EcsLists {
  const client = times.watch("ecs", new ECSClient(clientConfiguration(settings)));

  const inGroups = async (
    items: readonly string[],
    size: number,
    action: string,
    member: string,
    ask: (group: string[]) => Promise<JsonObject>,
  ): Promise<readonly JsonObject[]> => {
    const found: JsonObject[] = [];
    await forEachConcurrently(groupsOf(items, size), AT_ONCE, async (group) => {
      const answer = await callAws(action, () => ask([...group]));
      judgeFailures(action, answer);
      const described = getObjects(answer, member);
      // What ended meanwhile is a failure MISSING; what is in neither list was left out.
      if (described.length + getObjects(answer, "failures").length < group.length)
        throw new AwsError("unavailable", action, `${action}: fewer ${member} than were asked for`);
      found.push(...described);
    });
    return found;
  };

  const describeClusters = (arns: readonly string[]) =>
    inGroups(arns, HUNDRED, "ecs:DescribeClusters", "clusters", (clusters) =>
      sendRaw(client, new DescribeClustersCommand({ clusters })),
    );

  const contentsOf = async (cluster: string): Promise<ClusterContents> => {
    const page = (nextToken: string | undefined) => ({
      cluster,
      maxResults: HUNDRED,
      ...optional("nextToken", nextToken),
    });
    const serviceArns = await wholeList("ecs:ListServices", { list: "serviceArns" }, (token) =>
      sendRaw(client, new ListServicesCommand(page(token))),
    );
    const tasksThat = async (desiredStatus: "RUNNING" | "STOPPED") =>
      textsIn(
        "ecs:ListTasks",
        need(
          await wholeList("ecs:ListTasks", { list: "taskArns" }, (token) =>
            sendRaw(client, new ListTasksCommand({ ...page(token), desiredStatus })),
          ),
        ),
      );
    // A task that is to stop runs for minutes yet, and DescribeClusters counts it.
    const taskArns = [...(await tasksThat("RUNNING")), ...(await tasksThat("STOPPED"))];
    return {
      services: await inGroups(
        textsIn("ecs:ListServices", need(serviceArns)),
        10,
        "ecs:DescribeServices",
        "services",
        (services) => sendRaw(client, new DescribeServicesCommand({ cluster, services })),
      ),
      tasks: await inGroups([...new Set(taskArns)], HUNDRED, "ecs:DescribeTasks", "tasks", (tasks) =>
        sendRaw(client, new DescribeTasksCommand({ cluster, tasks })),
      ),
    };
  };

  return {
    async clusters(known) {
      const listed = await wholeList("ecs:ListClusters", { list: "clusterArns" }, (nextToken) =>
        sendRaw(client, new ListClustersCommand(optional("nextToken", nextToken))),
      );
      const arns = textsIn("ecs:ListClusters", need(listed));
      const unlisted = [...new Set([...known].flatMap(clusterOf))].filter((arn) => !arns.includes(arn));
      for (const one of await describeClusters(unlisted))
        if (getString(one, "status") !== "INACTIVE") {
          const action = "ecs:ListClusters";
          throw new AwsError(
            "unavailable",
            action,
            `${action}: ${getString(one, "clusterArn")} is there, and not in the list`,
          );
        }
      const begun = Math.min(...times.times()) - SECONDS_APART_MS;
      const before = countsOf(await describeClusters(arns));
      const found = new Map<string, ClusterContents>();
      for (const arn of arns) found.set(arn, await contentsOf(arn));
      const after = countsOf(await describeClusters(arns));
      for (const [arn, { services, tasks }] of found) {
        // Of two counts the smaller: a service may come or go while the lists are read.
        const least = (kind: "services" | "tasks") =>
          Math.min(before.get(arn)?.[kind] ?? 0, after.get(arn)?.[kind] ?? 0);
        if (services.filter(isCounted).length < least("services")) throw short("ecs:ListServices", arn);
        if (tasks.filter((task) => isRunning(task, begun)).length < least("tasks"))
          throw short("ecs:ListTasks", arn);
      }
      return [...found.values()];
    },

    async revisionsOf(services) {
      const found = new Map<string, readonly string[]>();
      await forEachConcurrently(services.filter(isDeployedByEcs), AT_ONCE, async (described) => {
        const cluster = getString(described, "clusterArn") ?? "";
        const service = getString(described, "serviceArn") ?? "";
        const listed = await wholeList(
          "ecs:ListServiceDeployments",
          { list: "serviceDeployments" },
          (nextToken) =>
            sendRaw(
              client,
              new ListServiceDeploymentsCommand({
                cluster,
                service,
                maxResults: HUNDRED,
                ...optional("nextToken", nextToken),
              }),
            ),
        );
        const action = "ecs:ListServiceDeployments";
        const arns = new Set<string>();
        for (const deployment of objectsIn(action, need(listed))) {
          const target = getString(deployment, "targetServiceRevisionArn");
          if (target === undefined)
            throw new AwsError("unavailable", action, `${action}: a deployment without a revision`);
          arns.add(target);
        }
        for (const revision of getObjects(described, "currentServiceRevisions")) {
          const arn = getString(revision, "arn");
          if (arn !== undefined) arns.add(arn);
        }
        found.set(service, [...arns]);
      });
      return found;
    },

    describeRevisions: (arns) =>
      inGroups(arns, 20, "ecs:DescribeServiceRevisions", "serviceRevisions", (serviceRevisionArns) =>
        sendRaw(client, new DescribeServiceRevisionsCommand({ serviceRevisionArns })),
      ),

    async activeTaskDefinitions() {
      const listed = await wholeList("ecs:ListTaskDefinitions", { list: "taskDefinitionArns" }, (nextToken) =>
        sendRaw(
          client,
          new ListTaskDefinitionsCommand({
            status: "ACTIVE",
            maxResults: HUNDRED,
            ...optional("nextToken", nextToken),
          }),
        ),
      );
      return textsIn("ecs:ListTaskDefinitions", need(listed));
    },

    async imagesOf(taskDefinition) {
      const action = "ecs:DescribeTaskDefinition";
      const answer = await callAws(action, () =>
        sendRaw(client, new DescribeTaskDefinitionCommand({ taskDefinition })),
      );
      const found = getObject(answer, "taskDefinition");
      const containers = found?.containerDefinitions;
      if (found === undefined || !Array.isArray(containers))
        throw new AwsError("unavailable", action, `${action}: no containers in the answer`);
      // It is remembered for ever: what is not whole, or of another revision, must not be.
      if (getString(found, "taskDefinitionArn") !== taskDefinition)
        throw new AwsError("unavailable", action, `${action}: an answer for another than ${taskDefinition}`);
      const images = objectsIn(action, containers).map((one) => getString(one, "image"));
      if (images.length === 0 || !images.every((image) => image))
        throw new AwsError("unavailable", action, `${action}: no image of ${taskDefinition}`);
      return images.flatMap((image) => image ?? []);
    },
  };
}

/** Another controller's deployments are task sets, which DescribeServices lists. */
function isDeployedByEcs(service: JsonObject): boolean {
  return (getString(getObject(service, "deploymentController") ?? {}, "type") ?? "ECS") === "ECS";
}

/** An ARN without a cluster in it is of the time before November 2018. */
function clusterOf(service: string): readonly string[] {
  const [, before, cluster] =
    /^(arn:[a-z-]+:ecs:[a-z0-9-]+:[0-9]{12}):service\/([^/]+)\/[^/]+$/.exec(service) ?? [];
  return cluster === undefined ? [] : [`${before}:cluster/${cluster}`];
}

/** A service that drains is listed, and DescribeClusters counts those that are ACTIVE. */
function isCounted(service: JsonObject): boolean {
  return (getString(service, "status") ?? "ACTIVE") === "ACTIVE";
}

/** Or ran when the lists were begun. One that has stopped is listed for an hour, and is in no count. */
function isRunning(task: JsonObject, begun: number): boolean {
  return getString(task, "lastStatus") !== "STOPPED" || (getMoment(task, "stoppedAt") ?? 0) >= begun;
}

type Counts = { readonly services: number; readonly tasks: number };

function countsOf(clusters: readonly JsonObject[]): ReadonlyMap<string, Counts> {
  return new Map(
    clusters.map((cluster) => [
      getString(cluster, "clusterArn") ?? "",
      {
        services: countIn(cluster, "activeServicesCount"),
        tasks: countIn(cluster, "runningTasksCount") + countIn(cluster, "pendingTasksCount"),
      },
    ]),
  );
}

/** Without a count it is not known that a list is whole. */
function countIn(cluster: JsonObject, member: string): number {
  const count = getNumber(cluster, member);
  if (count === undefined)
    throw new AwsError("unavailable", "ecs:DescribeClusters", `ecs:DescribeClusters: no ${member}`);
  return count;
}

function short(action: string, cluster: string): AwsError {
  return new AwsError("unavailable", action, `${action}: fewer than ${cluster} counts`);
}
