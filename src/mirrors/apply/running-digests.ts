/** What the deployment in place runs of an image that its task definition names by a tag: as ECS recorded it, else as its tasks say. */

import type { Service } from "../../ecs/service/service.ts";
import type { Ports } from "../../remediation/ports/ports.ts";
import { witnessesOf } from "../../remediation/survey/trust/ecs-witnesses.ts";
import type { Running } from "./decide-image.ts";
import type { FollowedImage } from "./followed-images.ts";

/** Asks nothing where no image is asked for. Throws AwsError where AWS may answer in a moment. */
export function runningDigests(
  service: Service,
  deploymentId: string,
  ports: Ports,
): (image: FollowedImage) => Promise<Running> {
  const { clusterArn, name, taskDefinition } = service;
  const running = () => ports.ecs.listTasks({ cluster: clusterArn, service: name, desiredStatus: "RUNNING" });
  const witnesses = witnessesOf(
    { clusterArn, taskDefinitionArn: taskDefinition, service, startedBy: deploymentId, running },
    ports,
  );
  return async (image) => {
    if (image.reference.digest !== undefined) return { digest: image.reference.digest };
    for (const { from, ask } of witnesses(image)) {
      // What an earlier execution meant is not what runs.
      if (from === "execution") continue;
      const said = await ask();
      if (said.kind === "digest") return { digest: said.digest };
      if (said.kind === "unknown")
        return { because: `what ${image.image} runs as could not be read: ${said.because}` };
    }
    return {
      because: `neither ECS nor a running task says which bytes of ${image.image} the service runs`,
    };
  };
}
