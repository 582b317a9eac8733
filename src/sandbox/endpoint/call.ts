/** One request to the AWS APIs, whatever protocol it came by, and what answers it. */

import type { JsonObject } from "../../runtime/json.ts";
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

/** The account that is served: the world, and the file that it was made of. */
export type Account = { readonly world: World; readonly file: WorldFile };

/** Answers one operation. Throws AwsError as AWS refuses. */
export type Handler = (input: JsonObject, account: Account) => JsonObject | Promise<JsonObject>;

/** The operations of a service by name. */
export type Operations = Readonly<Record<string, Handler>>;
