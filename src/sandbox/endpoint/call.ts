/** One request to the AWS APIs, whatever protocol it came by, and what answers it. */

import type { JsonObject } from "../../runtime/json.ts";
import type { Mode } from "../../substitution/policy/stack-settings.ts";
import type { World } from "../world/world.ts";
import type { WorldFile } from "../world/world-file.ts";

/** How a service writes its requests and answers: https://smithy.io/2.0/aws/protocols/index.html */
export type Protocol = "json" | "rest-json" | "query" | "ec2";

export type Call = {
  readonly protocol: Protocol;
  /** As IAM spells it: `ecs`, `ecr`, `sts`. */
  readonly service: string;
  /** `UpdateService` */
  readonly operation: string;
  readonly input: JsonObject;
};

export type SentMessage = {
  readonly queueUrl: string;
  readonly body: string;
  readonly because?: string;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
};

/** A stack of Repull that is installed in the account. */
export type InstalledStack = { readonly name: string; readonly mode: Mode };

/** The account that is served: a world, the file that it was made of, and what clients added to it. */
export type Account = {
  readonly world: World;
  readonly file: WorldFile;
  /** Of SSM's Parameter Store: name → value. */
  readonly parameters: Map<string, string>;
  /** What was put into queues, in order. */
  readonly messages: SentMessage[];
  /** Of DynamoDB: table → key → item. */
  readonly tables: Map<string, Map<string, JsonObject>>;
  /** Functions of Lambda that answer an invocation, by name. */
  readonly functions: Map<string, (event: JsonObject) => Promise<JsonObject>>;
  /** Of EKS: cluster → its certificate authority, and since when it is there. */
  readonly authorities: Map<string, Promise<{ readonly certificate: string; readonly createdAt: number }>>;
  readonly stack?: InstalledStack;
};

export function accountOf(world: World, file: WorldFile, stack?: InstalledStack): Account {
  return {
    world,
    file,
    parameters: new Map(),
    messages: [],
    tables: new Map(),
    functions: new Map(),
    authorities: new Map(),
    ...(stack === undefined ? {} : { stack }),
  };
}

/** Answers one operation. Throws AwsError as AWS refuses. */
export type Handler = (input: JsonObject, account: Account) => JsonObject | Promise<JsonObject>;

/** The operations of a service by name. */
export type Operations = Readonly<Record<string, Handler>>;
