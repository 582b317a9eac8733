/** A task that has been running since before the story began: its images were pulled, back then. */

import type { Digest } from "../../../image/digest.ts";
import { parseReference } from "../../../image/reference.ts";
import type { Send } from "../../../oci/http/transport.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { uuid } from "../ids.ts";
import type { EcsEnvironment, TaskRecord } from "../state.ts";
import { pullImage } from "./image-pull.ts";
import { pullRoleOf } from "./task-lifecycle.ts";

/** Makes a task that has been running since before the story began. */
export async function startSteadyTask(task: TaskRecord, send: Send, world: EcsEnvironment): Promise<void> {
  for (const container of task.containers) {
    const digest = await digestOfRunning(task, container.image, send, world, container.definition);
    if (digest !== undefined) {
      container.imageDigest = digest;
      task.deployment?.resolved.set(container.name, digest);
    }
    container.lastStatus = "RUNNING";
    container.runtimeId = uuid(world.random);
  }
  task.lastStatus = "RUNNING";
  task.startedAt = world.clock.now() - 86_400_000;
  task.version = 4;
}

async function digestOfRunning(
  task: TaskRecord,
  image: string,
  send: Send,
  world: EcsEnvironment,
  container: JsonObject,
): Promise<Digest | undefined> {
  const credentials = world.credentialsFor(container, pullRoleOf(task));
  const pull = await pullImage({
    reference: parseReference(image),
    platform: task.platform,
    send,
    ...(credentials === undefined ? {} : { credentials }),
  });
  return pull.kind === "pulled" ? pull.digest : undefined;
}
