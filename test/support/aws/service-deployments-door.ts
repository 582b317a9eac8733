/**
 * A door before an AWS endpoint that has no service deployments, as moto has none: it answers the three calls about them
 * as AWS's models have them, from what the endpoint itself says of its services, and passes everything else through.
 *
 * Each deployment of DescribeServices is a service deployment, with a service revision of its number. Nothing is pulled
 * there, so no digest is pinned: such is a first deployment, whose tags ECS has not resolved. And it answers for ECR's
 * pull-through cache rules, of which moto knows nothing either.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html, API_ServiceRevision.html (read 2026-11)
 */

import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { getObject, getObjects, getString, getStrings } from "../../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";

const TARGET = "AmazonEC2ContainerServiceV20141113.";
const JSON_TYPE = { "content-type": "application/x-amz-json-1.1" };

export type Door = { readonly url: string; close(): Promise<void> };

/** Asks the endpoint behind the door, as the caller. */
type Ask = (action: string, body: JsonObject) => Promise<JsonObject>;

/** Opens a door on a free port of loopback. */
export async function openServiceDeploymentsDoor(endpoint: string): Promise<Door> {
  const server = createServer((incoming, outgoing) => {
    const [, action = ""] = String(incoming.headers["x-amz-target"]).split(".");
    const call = CALLS[action];
    if (call === undefined) passOn(endpoint, incoming, outgoing);
    else void answer(call, asking(endpoint, incoming), incoming, outgoing);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function passOn(endpoint: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url, headers } = incoming;
  const behind = request(`${endpoint}${url}`, { method, headers }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  behind.on("error", () => outgoing.destroy());
  outgoing.on("close", () => behind.destroy());
  incoming.pipe(behind);
}

async function answer(
  call: (body: JsonObject, ask: Ask) => Promise<JsonObject>,
  ask: Ask,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  try {
    const said = await call(JSON.parse(await text(incoming)) as JsonObject, ask);
    outgoing.writeHead(200, JSON_TYPE).end(JSON.stringify(said));
  } catch (error) {
    const [status, type] = error instanceof Refusal ? [400, error.code] : [500, "ServerException"];
    outgoing.writeHead(status, JSON_TYPE).end(JSON.stringify({ __type: type, message: String(error) }));
  }
}

/** Whose account and region it is, moto reads from the caller's signature, and does not check it. */
function asking(endpoint: string, { headers }: IncomingMessage): Ask {
  const authorization = headers.authorization ?? "";
  return async (action, body) => {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { ...JSON_TYPE, authorization, "x-amz-target": `${TARGET}${action}` },
      body: JSON.stringify(body),
    });
    const said = (await response.json()) as JsonObject;
    if (response.ok) return said;
    throw new Refusal(getString(said, "__type") ?? "ServerException");
  };
}

class Refusal extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

const CALLS: Readonly<Record<string, (body: JsonObject, ask: Ask) => Promise<JsonObject>>> = {
  // An account without such rules. To moto's HTTP 500 each survey would give seven tries.
  async DescribePullThroughCacheRules() {
    return { pullThroughCacheRules: [] };
  },

  async ListServiceDeployments(body, ask) {
    const found = await deploymentsOf(
      getString(body, "cluster") ?? "default",
      getString(body, "service") ?? "",
      ask,
    );
    const serviceDeployments = found.map(({ brief }) => brief);
    return { serviceDeployments };
  },

  async DescribeServiceDeployments(body, ask) {
    return described("serviceDeployments", getStrings(body, "serviceDeploymentArns"), async (arn) => {
      const found = await byNumber(arn, ask);
      if (found === undefined) return undefined;
      const { targetServiceRevisionArn, ...brief } = found.brief;
      const { deployment } = found;
      return {
        ...brief,
        updatedAt: deployment.updatedAt ?? null,
        sourceServiceRevisions: [],
        targetServiceRevision: {
          arn: targetServiceRevisionArn ?? null,
          requestedTaskCount: deployment.desiredCount ?? 0,
          runningTaskCount: deployment.runningCount ?? 0,
          pendingTaskCount: deployment.pendingCount ?? 0,
        },
      };
    });
  },

  // moto deploys at once, so that nothing is ever in progress.
  async StopServiceDeployment(body, ask) {
    const found = await byNumber(getString(body, "serviceDeploymentArn") ?? "", ask);
    throw new Refusal(found === undefined ? "ServiceDeploymentNotFoundException" : "ConflictException");
  },

  async DescribeServiceRevisions(body, ask) {
    return described("serviceRevisions", getStrings(body, "serviceRevisionArns"), async (arn) => {
      const found = await byNumber(arn, ask);
      if (found === undefined) return undefined;
      const { brief, deployment } = found;
      const taskDefinition = getString(deployment, "taskDefinition") ?? "";
      const answer = await ask("DescribeTaskDefinition", { taskDefinition });
      return {
        serviceRevisionArn: arn,
        serviceArn: brief.serviceArn ?? null,
        clusterArn: brief.clusterArn ?? null,
        createdAt: brief.createdAt ?? null,
        taskDefinition,
        containerImages: getObjects(getObject(answer, "taskDefinition") ?? {}, "containerDefinitions").map(
          ({ name = "", image = "" }) => ({ containerName: name, image }),
        ),
      };
    });
  },
};

type Found = { readonly deployment: JsonObject; readonly brief: JsonObject };

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentBrief.html (read 2026-11) */
async function deploymentsOf(cluster: string, name: string, ask: Ask): Promise<readonly Found[]> {
  const [service] = getObjects(await ask("DescribeServices", { cluster, services: [name] }), "services");
  if (service === undefined) throw new Refusal("ServiceNotFoundException");
  const serviceArn = getString(service, "serviceArn") ?? "";
  const clusterArn = getString(service, "clusterArn") ?? "";
  // moto's ARNs of services are of the older format, without their cluster.
  const place = `${clusterArn.split("/").at(-1)}/${getString(service, "serviceName")}`;
  const at = (kind: string, number: string) =>
    clusterArn.replace(/:cluster\/.*/, `:${kind}/${place}/${number}`);
  return getObjects(service, "deployments").map((deployment) => {
    const number = (getString(deployment, "id") ?? "").replace("ecs-svc/", "");
    const brief = {
      serviceDeploymentArn: at("service-deployment", number),
      serviceArn,
      clusterArn,
      createdAt: deployment.createdAt ?? null,
      startedAt: deployment.createdAt ?? null,
      targetServiceRevisionArn: at("service-revision", number),
      status: deployment.rolloutState === "COMPLETED" ? "SUCCESSFUL" : "IN_PROGRESS",
    };
    return { deployment, brief };
  });
}

/** The one that an ARN of a service deployment or a service revision names. */
async function byNumber(arn: string, ask: Ask): Promise<Found | undefined> {
  const [number, name = "", cluster = ""] = arn.split("/").toReversed();
  const found = await deploymentsOf(cluster.split(":").at(-1) ?? "", name, ask);
  return found.find(({ deployment }) => deployment.id === `ecs-svc/${number}`);
}

async function described(
  member: string,
  arns: readonly string[],
  find: (arn: string) => Promise<JsonObject | undefined>,
): Promise<JsonObject> {
  const found = await Promise.all(arns.map(find));
  return {
    [member]: found.flatMap((one) => one ?? []),
    failures: arns.flatMap((arn, index) => (found[index] === undefined ? { arn, reason: "MISSING" } : [])),
  };
}
