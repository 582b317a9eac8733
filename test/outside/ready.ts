/** What a command needs in the world to have something to write. */

import { namesOf, refusal } from "./account.ts";
import { arn } from "./documents.ts";
import { WAITING, waitingPlan } from "./waiting-plan.ts";
import type { World } from "./world.ts";

/** Each service of the account runs a revision of ours. */
export function healed({ account }: World): void {
  const { definitions, services } = account.documents;
  const [former] = definitions;
  if (former === undefined) throw new Error("no definition");
  definitions.push({
    taskDefinition: {
      ...former.taskDefinition,
      taskDefinitionArn: arn("task-definition/web:43"),
      revision: 43,
    },
    tags: [
      { key: "repull:execution", value: WAITING },
      { key: "repull:previous-revision", value: "web:42" },
      { key: "repull:service", value: "prod/web" },
      { key: "repull:image-1", value: `nginx:1.25 sha256:${"b".repeat(64)}` },
    ],
  });
  for (const service of services) service.taskDefinition = arn("task-definition/web:43");
}

/** A plan waits in the stack's function. */
export function waiting({ account }: World): void {
  account.override = (request) => {
    const [, name] = /\/functions\/([^/]+)-remediate\/durable-executions/.exec(request.action) ?? [];
    const { stack = "absent" } = account;
    if (name !== undefined && (stack === "absent" || !namesOf(stack).includes(name)))
      return refusal("ResourceNotFoundException", "Function not found", 404);
    return waitingPlan(request);
  };
}

/** A registry in the place of ECR takes what it is sent. */
export function openEcr({ account }: World): void {
  const authorizationToken = Buffer.from("AWS:a-token").toString("base64");
  account.override = ({ action }) =>
    action === "GetAuthorizationToken"
      ? { body: { authorizationData: [{ authorizationToken, expiresAt: Date.now() / 1000 + 3600 }] } }
      : undefined;
}
