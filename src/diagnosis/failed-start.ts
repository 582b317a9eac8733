/**
 * A task that did not start, or a service whose tasks do not, as one set of facts, from any record: DescribeTasks, RunTask,
 * DescribeServices, or EventBridge. Every place that can hold a reason is read, in the order of how much it says.
 *
 * On EC2 the container has the cause, on Fargate the task, for EBS the attachment.
 * (API_Task, API_Attachment; ECS events, AmazonECS/latest/developerguide/ecs_task_events.html; read 2026-11)
 */

import { parseArn, parseEcsArn } from "../ecs/arn.ts";
import {
  getMoment,
  getNumber,
  getObject,
  getObjects,
  getString,
  isObject,
  optional,
} from "../ecs/json-fields.ts";
import type { JsonObject } from "../runtime/json.ts";
import type { TextSource } from "./causes.ts";

type StoppedContainer = {
  readonly name: string;
  readonly image?: string;
  readonly exitCode?: number;
};

export type Reason = TextSource & { readonly image?: string; readonly container?: string };

export type FailedStart = {
  /** What people call it: an ARN, or the name of a service. */
  readonly target: string;
  readonly account?: string;
  readonly region?: string;
  readonly cluster?: string;
  readonly service?: string;
  readonly deployment?: string;
  readonly taskDefinition?: string;
  readonly launchType?: string;
  readonly containerInstance?: string;
  readonly stopCode?: string;
  readonly subnet?: string;
  /** Milliseconds between the container's start and its end. */
  readonly ranFor?: number;
  readonly lastStatus?: string;
  /** Milliseconds since the epoch. */
  readonly createdAt?: number;
  readonly capacityProvider?: string;
  /** GiB of storage on Fargate. */
  readonly ephemeralStorage?: number;
  /** The ARN of the role by which ECS makes the task's volumes. */
  readonly infrastructureRole?: string;
  /** Of a service's stopped tasks: how many failed, and how many of them by the same cause. */
  readonly others?: { readonly failed: number; readonly alike: number };
  readonly containers: readonly StoppedContainer[];
  readonly reasons: readonly Reason[];
};

/** A message without news: another place names the cause, or none does. */
const EMPTY_REASON = /^(?:task failed to start\.?|essential container in task exited\.?|)$/i;
const EVENTS_MAX = 100;
/** ECS allows ten containers in a task. A document with more is not from ECS, and is rejected. */
export const REASONS_MAX = 50;
const CONTAINERS_MAX = 100;
const DEPTH_MAX = 4;

/** A document of any of the kinds above; undefined where it is of another kind. */
export function failedStartsIn(document: JsonObject, depth = 0): readonly FailedStart[] | undefined {
  if (depth > DEPTH_MAX) return undefined;
  const { detail } = document;
  if ("detail-type" in document && isObject(detail)) return [fromEvent(document, detail)];
  const { tasks, failures, services } = document;
  if (Array.isArray(tasks) || Array.isArray(failures))
    return [
      ...getObjects(document, "tasks").map(fromTask),
      ...getObjects(document, "failures").map((failure) => fromRunTask(failure)),
    ];
  if (Array.isArray(services)) return getObjects(document, "services").map(fromService);
  if ("taskArn" in document || "stoppedReason" in document || "stopCode" in document)
    return [fromTask(document)];
  if ("serviceName" in document || "serviceArn" in document) return [fromService(document)];
  for (const member of ["task", "service", "event", "runTask"]) {
    const inner = getObject(document, member);
    const found = inner === undefined ? undefined : failedStartsIn(inner, depth + 1);
    // The container's last words may have been kept next to it: only they name what it could not run.
    if (found !== undefined)
      return found.map((one) => ({ ...one, reasons: [...reasonText(document, "log"), ...one.reasons] }));
  }
  return undefined;
}

/** One text, with the image of the container where it is known. */
export function failedStartOf(text: string, image?: string): FailedStart {
  const reason: Reason = { field: "text", text, ...optional("image", image) };
  const container = image === undefined ? [] : [{ name: "", image }];
  return { target: "text", containers: container, reasons: [reason] };
}

export function fromTask(task: JsonObject): FailedStart {
  const containers = getObjects(task, "containers").slice(0, CONTAINERS_MAX);
  const arn = getString(task, "taskArn");
  const group = getString(task, "group");
  const startedBy = getString(task, "startedBy");
  const isAwsvpc = getObjects(task, "attachments").find(({ type }) => type === "ElasticNetworkInterface");
  return {
    target: arn ?? "task",
    ...placeOf(arn ?? getString(task, "clusterArn")),
    ...optional("cluster", getString(task, "clusterArn") ?? clusterIn(arn)),
    ...optional("service", group?.startsWith("service:") ? group.slice("service:".length) : undefined),
    ...optional("deployment", startedBy?.startsWith("ecs-svc/") ? startedBy : undefined),
    ...optional("taskDefinition", getString(task, "taskDefinitionArn")),
    ...optional("launchType", getString(task, "launchType") ?? launchTypeOf(task)),
    ...optional("containerInstance", getString(task, "containerInstanceArn")),
    ...optional("stopCode", getString(task, "stopCode")),
    ...optional("lastStatus", getString(task, "lastStatus")),
    ...optional("subnet", isAwsvpc && detailIn(isAwsvpc, "subnetId")),
    ...optional("ranFor", lastedFor(task)),
    ...optional("createdAt", getMoment(task, "createdAt")),
    ...optional("capacityProvider", getString(task, "capacityProviderName")),
    ...optional("ephemeralStorage", storageOf(task)),
    ...optional("infrastructureRole", volumeRoleOf(task)),
    containers: containers.map((one) => ({
      name: getString(one, "name") ?? "",
      ...optional("image", getString(one, "image")),
      ...optional("exitCode", getNumber(one, "exitCode")),
    })),
    reasons: withNews([
      ...containers.flatMap((one, index) => reasonOf(one, index)),
      ...getObjects(task, "attachments").flatMap((one, index) => {
        const text = detailIn(one, "statusReason");
        return text === undefined ? [] : [{ field: `attachments[${index}].details[statusReason]`, text }];
      }),
      ...reasonText(task, "stoppedReason"),
    ]),
  };
}

function reasonOf(container: JsonObject, index: number): readonly Reason[] {
  return reasonText(container, "reason").map((reason) => ({
    ...reason,
    field: `containers[${index}].reason`,
    ...optional("image", getString(container, "image")),
    ...optional("container", getString(container, "name")),
  }));
}

function fromRunTask({ arn, reason, detail }: JsonObject): FailedStart {
  const text = [reason, detail].filter((part) => typeof part === "string").join(" ");
  const place = typeof arn === "string" ? arn : undefined;
  const isInstance = place !== undefined && /:container-instance\//.test(place);
  return {
    target: place ?? "task",
    ...placeOf(place),
    ...(isInstance ? { launchType: "EC2", containerInstance: place } : {}),
    containers: [],
    reasons: text === "" ? [] : [{ field: "failures[].reason", text }],
  };
}

/** A service's own events outlast its stopped tasks, which ECS shows for an hour. */
export function fromService(service: JsonObject): FailedStart {
  const arn = getString(service, "serviceArn");
  const deployments = getObjects(service, "deployments");
  const told = getObjects(service, "events").slice(0, EVENTS_MAX);
  // The newest come first: what failed before all was well is over.
  const steady = told.findIndex(
    ({ message }) => typeof message === "string" && /reached a steady state/.test(message),
  );
  const events = steady < 0 ? told : told.slice(0, steady);
  return {
    target: arn ?? getString(service, "serviceName") ?? "service",
    ...placeOf(arn ?? getString(service, "clusterArn")),
    ...optional("cluster", getString(service, "clusterArn")),
    ...optional("service", getString(service, "serviceName") ?? nameIn(arn)),
    ...optional("taskDefinition", getString(service, "taskDefinition")),
    ...optional("launchType", getString(service, "launchType")),
    containers: [],
    reasons: withNews([
      ...events.flatMap((event, index) =>
        reasonText(event, "message").map((one) => ({ ...one, field: `events[${index}].message` })),
      ),
      ...deployments.flatMap((one, index) =>
        reasonText(one, "rolloutStateReason").map((reason) => ({
          ...reason,
          field: `deployments[${index}].rolloutStateReason`,
        })),
      ),
    ]).filter(({ text }) => TELLS_OF_FAILURE.test(text.replace(/\(service [^()\s]+\)/g, ""))),
  };
}

/** Most messages of a service say that all is well. (service-event-messages-list.html, read 2026-11) */
const TELLS_OF_FAILURE =
  /unable to|failed|unhealthy|Error|insufficient|limit|unavailable|circuit breaker|missing|impaired|closest matching|throttled|misconfigured|timed out|not healthy|not found|could not/i;

function fromEvent(event: JsonObject, detail: JsonObject): FailedStart {
  const isTask = "taskArn" in detail || "containers" in detail || "stoppedReason" in detail;
  const resource = Array.isArray(event.resources)
    ? event.resources.find((one) => typeof one === "string")
    : undefined;
  const base = isTask ? fromTask(detail) : fromService(detail);
  const name = resource === undefined ? undefined : parseEcsArn(resource);
  return {
    ...base,
    target: isTask && getString(detail, "taskArn") !== undefined ? base.target : (resource ?? base.target),
    ...optional("account", getString(event, "account") ?? base.account),
    ...optional("region", getString(event, "region") ?? base.region),
    ...optional("service", name?.kind === "service" ? name.name : base.service),
    reasons: [
      ...base.reasons,
      ...(isTask ? [] : [...reasonText(detail, "reason"), ...reasonText(detail, "eventName")]).map((one) => ({
        ...one,
        field: `detail.${one.field}`,
      })),
    ],
  };
}

function reasonText(json: JsonObject, field: string): readonly Reason[] {
  const text = getString(json, field);
  return text === undefined ? [] : [{ field, text }];
}

function withNews(reasons: readonly Reason[]): readonly Reason[] {
  return reasons.filter(({ text }) => !EMPTY_REASON.test(text.slice(0, 100).trim())).slice(0, REASONS_MAX);
}

function detailIn(attachment: JsonObject, name: string): string | undefined {
  const found = getObjects(attachment, "details").find((one) => one.name === name);
  return found === undefined ? undefined : getString(found, "value");
}

/** As the platform gave it, or else as the task was asked for. (API_Task, read 2026-11) */
function storageOf(task: JsonObject): number | undefined {
  const given = getObject(task, "fargateEphemeralStorage") ?? getObject(task, "ephemeralStorage");
  return given && getNumber(given, "sizeInGiB");
}

function volumeRoleOf(task: JsonObject): string | undefined {
  const volume = getObjects(task, "attachments").find(({ type }) => type === "AmazonElasticBlockStorage");
  return volume && detailIn(volume, "roleArn");
}

function launchTypeOf(task: JsonObject): string | undefined {
  return getString(task, "capacityProviderName")?.startsWith("FARGATE") ? "FARGATE" : undefined;
}

function lastedFor(task: JsonObject): number | undefined {
  const started = getMoment(task, "startedAt");
  const ended = getMoment(task, "executionStoppedAt") ?? getMoment(task, "stoppedAt");
  return started === undefined || ended === undefined ? undefined : ended - started;
}

function placeOf(text: string | undefined): Pick<FailedStart, "account" | "region"> {
  const arn = text === undefined ? undefined : parseArn(text);
  if (arn === undefined || arn.account === "" || arn.region === "") return {};
  return { account: arn.account, region: arn.region };
}

function clusterIn(taskArn: string | undefined): string | undefined {
  const arn = taskArn === undefined ? undefined : parseEcsArn(taskArn);
  if (arn?.kind !== "task" || arn.cluster === undefined) return undefined;
  return `arn:${arn.partition}:ecs:${arn.region}:${arn.account}:cluster/${arn.cluster}`;
}

function nameIn(arn: string | undefined): string | undefined {
  return arn?.slice(arn.lastIndexOf("/") + 1);
}
