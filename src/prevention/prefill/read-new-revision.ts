/**
 * Reads an EventBridge document for what it says of a revision that tasks will soon run. It is a hint: of all that it
 * holds only names are taken, and ECS says what is behind them.
 *
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html (read 2026-11)
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html (read 2026-11)
 */

import { parseEcsArn } from "../../ecs/arn.ts";
import { getObject, getString, isObject } from "../../ecs/json-fields.ts";
import { type Envelope, readEnvelope } from "../../ecs-events/envelope.ts";
import type { AwsLocation } from "../../ecs-events/pull-failure.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";

export type NewRevision =
  | {
      readonly kind: "deployment";
      readonly cluster: string;
      readonly service: string;
      /** `ecs-svc/…`. */
      readonly deployment: string;
    }
  | { readonly kind: "registration"; readonly taskDefinitionArn: string }
  /** Of a deployment that ECS itself has named to a lifecycle hook. */
  | {
      readonly kind: "service-revision";
      readonly cluster: string;
      readonly service: string;
      readonly taskDefinitionArn: string;
    };

/** `undefined`: an event that is not ours, or of nothing that will be pulled. Throws InvalidInput for what is malformed. */
export function readNewRevision(
  document: unknown,
  home: AwsLocation,
): Exclude<NewRevision, { kind: "service-revision" }> | undefined {
  const envelope = readEnvelope(document);
  if (envelope.source !== "aws.ecs") return undefined;
  if (envelope.account !== home.account || envelope.region !== home.region) return undefined;
  if (envelope["detail-type"] === "ECS Deployment State Change") return readDeployment(envelope, home);
  if (envelope["detail-type"] === "AWS API Call via CloudTrail") return readRegistration(envelope, home);
  return undefined;
}

function readDeployment(
  envelope: Envelope,
  home: AwsLocation,
): Extract<NewRevision, { kind: "deployment" }> | undefined {
  const detail = detailOf(envelope);
  if (getString(detail, "eventName") !== "SERVICE_DEPLOYMENT_IN_PROGRESS") return undefined;
  const [arn = ""] = envelope.resources;
  const service = parseEcsArn(arn);
  if (service?.kind !== "service") throw new InvalidInput("resources[0]", "the ARN of a service");
  if (!isAt(service, home)) return undefined;
  // An ARN of the old format does not name the cluster, and a service's name is unique in a cluster alone.
  if (service.cluster === undefined) return undefined;
  const deployment = getString(detail, "deploymentId");
  if (deployment === undefined) throw new InvalidInput("detail.deploymentId", "a string");
  return { kind: "deployment", cluster: service.cluster, service: service.name, deployment };
}

function readRegistration(
  envelope: Envelope,
  home: AwsLocation,
): Extract<NewRevision, { kind: "registration" }> | undefined {
  const detail = detailOf(envelope);
  if (getString(detail, "eventSource") !== "ecs.amazonaws.com") return undefined;
  if (getString(detail, "eventName") !== "RegisterTaskDefinition") return undefined;
  // CloudTrail records calls that failed as well.
  if (getString(detail, "errorCode") !== undefined) return undefined;
  const registered = getObject(getObject(detail, "responseElements") ?? {}, "taskDefinition") ?? {};
  const taskDefinitionArn = getString(registered, "taskDefinitionArn");
  const revision = parseEcsArn(taskDefinitionArn ?? "");
  if (taskDefinitionArn === undefined || revision?.kind !== "task-definition")
    throw new InvalidInput(
      "detail.responseElements.taskDefinition.taskDefinitionArn",
      "the ARN of a revision",
    );
  return isAt(revision, home) ? { kind: "registration", taskDefinitionArn } : undefined;
}

function detailOf({ detail }: Envelope): JsonObject {
  const json = detail as Json | undefined;
  if (!isObject(json)) throw new InvalidInput("detail", "an object");
  return json;
}

function isAt(place: AwsLocation, home: AwsLocation): boolean {
  return place.account === home.account && place.region === home.region;
}
