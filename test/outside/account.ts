/**
 * An AWS endpoint over HTTP that answers from documents, and knows no call but those of its tables.
 *
 * What it does not know it answers as strangers' endpoints do: a page of HTML with status 500, or AWS's own
 * UnknownOperationException. It keeps every request, so that a test can say what was asked for and what was written.
 */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ACCOUNT, arn, type Document, type Documents, REGION, secondsAgo } from "./documents.ts";

export type Request = { readonly service: string; readonly action: string; readonly body: Document };
export type Answer = { readonly status?: number; readonly type?: string; readonly body: unknown };
/** Answers in the account's place, or leaves the request to it. */
export type Override = (request: Request) => Answer | "silence" | undefined;

const JSON_TYPE = "application/x-amz-json-1.1";

export const PAGE: Answer = {
  status: 500,
  type: "text/html",
  body: "<!doctype html><html><title>500 Internal Server Error</title><h1>Internal Server Error</h1></html>",
};
export const UNKNOWN_OPERATION: Answer = { status: 400, body: { __type: "UnknownOperationException" } };

export function refusal(code: string, message = "refused by the account", status = 400): Answer {
  return { status, body: { __type: code, message } };
}

/** What is deployed of Repull: the environment of `remediate`, and the parameters of the region. */
export type Stack = {
  /** How many such stacks the region has, `repull` first. */
  readonly count?: number;
  /** Its name, where it is not `repull`. */
  readonly name?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
};

export class Account {
  readonly documents: Documents;
  readonly requests: (Request & { readonly isTaken: boolean })[] = [];
  /** The deployed stack; absent: a call about it is one that it does not know. */
  stack: Stack | "absent" | undefined;
  /** What it says to a call that it does not know. */
  unknown: Answer = PAGE;
  override: Override = () => undefined;
  /** ListServiceDeployments answers so many at once. */
  pageLength = 100;
  readonly #server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const answer = this.#answer(
      requestOf(
        `${incoming.method} ${incoming.url}`,
        incoming.headers,
        Buffer.concat(chunks).toString("utf8"),
      ),
    );
    if (answer === "silence") return;
    const { status = 200, type = JSON_TYPE, body } = answer;
    outgoing.writeHead(status, { "content-type": type });
    outgoing.end(typeof body === "string" ? body : JSON.stringify(body));
  });

  constructor(documents: Documents) {
    this.documents = documents;
  }

  async start(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  /** The bodies of the requests of one action that it did. */
  taken(action: string): readonly Document[] {
    return this.requests.filter((one) => one.action === action && one.isTaken).map(({ body }) => body);
  }

  #answer(request: Request): Answer | "silence" {
    const call = request.service === "ecs" ? this.#ecs[request.action] : OTHERS[request.action];
    const answer =
      this.override(request) ?? stackAnswer(this.stack, request) ?? call?.(request.body) ?? this.unknown;
    this.requests.push({ ...request, isTaken: answer !== "silence" && (answer.status ?? 200) < 300 });
    return answer;
  }

  readonly #ecs: Readonly<Record<string, (body: Document) => Answer>> = {
    DescribeClusters: ({ clusters }) =>
      described("clusters", this.documents.clusters, "clusterArn", clusters),
    DescribeServices: ({ cluster, services }) =>
      described("services", this.#in(cluster, this.documents.services), "serviceArn", services),
    DescribeTasks: ({ cluster, tasks }) =>
      described("tasks", this.#in(cluster, this.documents.tasks), "taskArn", tasks),
    ListClusters: () => ({
      body: { clusterArns: this.documents.clusters.map(({ clusterArn }) => clusterArn) },
    }),
    ListServices: ({ cluster }) => ({
      body: { serviceArns: this.#in(cluster, this.documents.services).map(({ serviceArn }) => serviceArn) },
    }),
    ListTasks: ({ cluster, serviceName, startedBy, desiredStatus = "RUNNING" }) => ({
      body: {
        taskArns: this.#in(cluster, this.documents.tasks)
          .filter((task) => task.desiredStatus === desiredStatus)
          .filter((task) => serviceName === undefined || task.group === `service:${serviceName}`)
          .filter((task) => startedBy === undefined || task.startedBy === startedBy)
          .map(({ taskArn }) => taskArn),
      },
    }),
    ListServiceDeployments: ({ cluster, service, nextToken }) => {
      const all = this.#in(cluster, this.documents.serviceDeployments).filter(({ serviceArn }) =>
        isNamed(serviceArn, service),
      );
      const from = Number(nextToken ?? 0);
      const next = from + this.pageLength;
      return {
        body: {
          serviceDeployments: all.slice(from, next).map(briefOf),
          ...(next < all.length ? { nextToken: String(next) } : {}),
        },
      };
    },
    DescribeServiceDeployments: ({ serviceDeploymentArns }) =>
      described(
        "serviceDeployments",
        this.documents.serviceDeployments,
        "serviceDeploymentArn",
        serviceDeploymentArns,
      ),
    DescribeServiceRevisions: ({ serviceRevisionArns }) =>
      described(
        "serviceRevisions",
        this.documents.serviceRevisions,
        "serviceRevisionArn",
        serviceRevisionArns,
      ),
    DescribeTaskDefinition: ({ taskDefinition }) => {
      const found = this.#definition(taskDefinition);
      return found === undefined
        ? refusal("ClientException", "Unable to describe task definition.")
        : { body: found };
    },
    ListTaskDefinitions: ({ familyPrefix, status = "ACTIVE", maxResults = 100 }) => ({
      body: {
        taskDefinitionArns: this.documents.definitions
          .map(({ taskDefinition }) => taskDefinition)
          .filter((one) => one.family === familyPrefix && one.status === status)
          .toSorted((one, other) => Number(other.revision) - Number(one.revision))
          .slice(0, Number(maxResults))
          .map(({ taskDefinitionArn }) => taskDefinitionArn),
      },
    }),
    RegisterTaskDefinition: ({ tags = [], ...written }) => {
      const revision =
        1 +
        Math.max(
          0,
          ...this.documents.definitions
            .filter(({ taskDefinition }) => taskDefinition.family === written.family)
            .map(({ taskDefinition }) => Number(taskDefinition.revision)),
        );
      const made = {
        ...written,
        taskDefinitionArn: arn(`task-definition/${written.family}:${revision}`),
        revision,
        status: "ACTIVE",
        registeredAt: secondsAgo(0),
      };
      this.documents.definitions.push({ taskDefinition: made, tags: tags as Document[] });
      return { body: { taskDefinition: made, tags } };
    },
    UpdateService: ({ cluster, service, taskDefinition }) => {
      const found = this.#in(cluster, this.documents.services).find(({ serviceArn }) =>
        isNamed(serviceArn, service),
      );
      const definition = this.#definition(taskDefinition)?.taskDefinition.taskDefinitionArn;
      if (found === undefined) return refusal("ServiceNotFoundException");
      if (definition === undefined) return refusal("ClientException", "TaskDefinition not found.");
      const before = found.deployments as Document[];
      found.taskDefinition = definition;
      found.deployments = [
        {
          ...before[0],
          id: "ecs-svc/7777777777777777777",
          status: "PRIMARY",
          taskDefinition: definition,
          createdAt: secondsAgo(0),
        },
        ...before.map((one) => ({ ...one, status: "ACTIVE" })),
      ];
      return { body: { service: found } };
    },
  };

  #in(cluster: unknown, documents: readonly Document[]): readonly Document[] {
    return documents.filter(({ clusterArn }) => isNamed(clusterArn, cluster ?? "default"));
  }

  #definition(name: unknown) {
    return this.documents.definitions.find(({ taskDefinition: one }) =>
      [one.taskDefinitionArn, `${one.family}:${one.revision}`].includes(String(name)),
    );
  }
}

/** The other services, as far as an account with nothing but ECS has them. */
const OTHERS: Readonly<Record<string, (body: Document) => Answer>> = {
  PutEvents: ({ Entries }) => ({
    body: { FailedEntryCount: 0, Entries: (Entries as Document[]).map(() => ({ EventId: "1" })) },
  }),
  DescribePullThroughCacheRules: () => ({ body: { pullThroughCacheRules: [] } }),
  GetCallerIdentity: () => ({
    type: "text/xml",
    body: `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::${ACCOUNT}:user/ada</Arn><UserId>A</UserId><Account>${ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
  }),
};

function stackAnswer(stack: Account["stack"], { action, body }: Request): Answer | undefined {
  if (stack === undefined) return undefined;
  const names = stack === "absent" ? [] : namesOf(stack);
  const arnOf = (name: string) => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}-remediate`;
  // A stranger's function may be called alike.
  const functions = [...names.map((name) => `${name}-remediate`), "gd-remediate", "web"];
  if (/^GET \/2015-03-31\/functions\/?(?:\?|$)/.test(action))
    return {
      body: {
        Functions: functions.map((FunctionName) => ({
          FunctionName,
          FunctionArn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${FunctionName}`,
        })),
      },
    };
  if (action.startsWith("GET /2017-03-31/tags/")) {
    const name = names.find((one) => decodeURIComponent(action).endsWith(`:${one}-remediate`));
    return { body: { Tags: name === undefined ? {} : { "repull:stack": name } } };
  }
  const asked = /^GET \/2015-03-31\/functions\/([^/]+)-remediate\/configuration/.exec(action);
  if (asked !== null) {
    if (stack === "absent" || !names.includes(decodeURIComponent(asked[1] ?? "")))
      return { status: 404, body: { Type: "User", __type: "ResourceNotFoundException" } };
    return {
      body: { FunctionArn: `${arnOf(asked[1] ?? "")}:live`, Environment: { Variables: stack.environment } },
    };
  }
  if (action === "PutParameter" && stack !== "absent") return { body: { Version: 2, Tier: "Standard" } };
  if (action !== "GetParameter" || stack === "absent") return undefined;
  const Value = stack.parameters[String(body.Name)];
  return Value === undefined
    ? refusal("ParameterNotFound")
    : { body: { Parameter: { Name: String(body.Name), Value } } };
}

export function namesOf({ name = "repull", count = 1 }: Stack): readonly string[] {
  return [name, ...Array.from({ length: count - 1 }, (_, index) => `repull-${index + 2}`)];
}

function described(member: string, all: readonly Document[], key: string, wanted: unknown): Answer {
  const names = Array.isArray(wanted) ? wanted : [];
  const found = names.map((name) => ({ name, document: all.find((one) => isNamed(one[key], name)) }));
  return {
    body: {
      [member]: found.flatMap(({ document }) => document ?? []),
      failures: found.flatMap(({ name, document }) =>
        document === undefined ? { arn: name, reason: "MISSING" } : [],
      ),
    },
  };
}

/** One of ListServiceDeployments: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentBrief.html */
function briefOf(deployment: Document): Document {
  const { serviceDeploymentArn, serviceArn, clusterArn, startedAt, createdAt, status } = deployment;
  const { arn: targetServiceRevisionArn } = deployment.targetServiceRevision as Document;
  return {
    serviceDeploymentArn,
    serviceArn,
    clusterArn,
    startedAt,
    createdAt,
    targetServiceRevisionArn,
    status,
  };
}

/** By ARN, or by the name at its end. */
function isNamed(whole: unknown, name: unknown): boolean {
  return whole === name || String(whole).endsWith(`/${name}`);
}

function requestOf(
  line: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  text: string,
): Request {
  const target = /^(\w+)\.(\w+)$/.exec(String(headers["x-amz-target"] ?? ""));
  if (target !== null) {
    const [, api = "", action = ""] = target;
    const service = api.startsWith("AmazonEC2ContainerServiceV") ? "ecs" : api;
    return { service, action, body: JSON.parse(text || "{}") };
  }
  if (String(headers["content-type"]).startsWith("application/x-www-form-urlencoded")) {
    const body = Object.fromEntries(new URLSearchParams(text));
    return { service: "form", action: body.Action ?? "", body };
  }
  return { service: "rest", action: line, body: {} };
}

/** EC2's answers about a subnet whose VPC has one route table and no endpoint. */
export function networkWith(routes: string): Override {
  const answers: Readonly<Record<string, string>> = {
    DescribeSubnets: `<subnetSet><item><subnetId>subnet-a</subnetId><vpcId>vpc-a</vpcId><availabilityZone>${REGION}a</availabilityZone></item></subnetSet>`,
    DescribeRouteTables: `<routeTableSet><item><routeTableId>rtb-a</routeTableId><vpcId>vpc-a</vpcId><routeSet>${routes}</routeSet><associationSet><item><routeTableAssociationId>rtbassoc-a</routeTableAssociationId><routeTableId>rtb-a</routeTableId><main>true</main></item></associationSet></item></routeTableSet>`,
    DescribeVpcEndpoints: "<vpcEndpointSet/>",
  };
  return ({ service, action }) =>
    service === "form" && answers[action] !== undefined
      ? {
          type: "text/xml",
          body: `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>${answers[action]}</${action}Response>`,
        }
      : undefined;
}
