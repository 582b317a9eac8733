/** Tasks that no service keeps, as a remediation asks for them: seen whole, and started again. */

import type { TaskNetwork } from "../../ecs/task/rerun-task-request.ts";
import type { JsonObject } from "../../runtime/json.ts";

export type RunTaskResult =
  | { readonly kind: "started"; readonly arn: string }
  /** ECS took the request and has no place for the task. */
  | { readonly kind: "refused"; readonly because: string };

export interface Tasks {
  /** The task as ECS reports it, tags and overrides included: they may hold secrets, and are neither logged nor kept. */
  describe(clusterArn: string, taskArn: string): Promise<JsonObject | undefined>;
  /** What a network interface is attached with; undefined once it is gone. */
  networkOf(interfaceId: string): Promise<TaskNetwork | undefined>;
  /** The name of the machine behind a container instance that takes tasks; undefined where there is none. */
  instanceIdOf(clusterArn: string, containerInstanceArn: string): Promise<string | undefined>;
  /** Runs one task by exactly this JSON. A client token that was used before answers the task that it started. */
  run(request: JsonObject): Promise<RunTaskResult>;
}
