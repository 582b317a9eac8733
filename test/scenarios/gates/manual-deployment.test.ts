/** Services that another system deploys: nothing is written, and what is to be done is said to the last step. */

import { describe, expect, test } from "vitest";
import { play } from "../../support/scenario.ts";

const registries = {
  "docker.io": { images: { "library/nginx:1.25": {}, "acme/web:1": {} }, quota: { remaining: 0 } },
  "public.ecr.aws": { images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } } },
};
const world = (extra: object) => ({
  services: [{ cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, ...extra }],
  registries,
});
const DEPLOYED = { controller: "CODE_DEPLOY" };
const FORMERLY = { ...DEPLOYED, formerly: "nginx:1.24" };
const DEPLOY = /^aws deploy create-deployment [\s\S]*get-deployment --deployment-id d-[0-9]{9} /;

/** CodeDeploy gives up after an hour; ECS goes on trying. */
const WAIT = /^wait: Docker Hub's limit resets/;

// biome-ignore format: a table is read by its columns
const table = [
  ["CodeDeploy's, with a place at hand",   "not-eligible", world(DEPLOYED),                                    [/in the source[\s\S]*public\.ecr\.aws/, /register-task-definition[\s\S]*task-definition\/web:42[\s\S]*image = "public\.ecr\.aws\/docker\/library\/nginx@sha256:/, DEPLOY]],
  ["CodeDeploy's, with a copy to make",    "not-eligible", world({ ...DEPLOYED, image: "acme/web:1" }),        [/^repull mirror docker.io\/acme\/web@?\S* \d{12}\.dkr\.ecr\./, /register-task-definition[\s\S]*task-definition\/web:42[\s\S]*image = "\d{12}\.dkr\.ecr\.\S*\/acme\/web@sha256:/, DEPLOY]],
  ["CodeDeploy's, in a deployment of the pipeline's", "not-eligible", world(FORMERLY),                       [/in the source/, /register-task-definition[\s\S]*task-definition\/web:42/, DEPLOY]],
  ["CodeDeploy's, opted out",              "not-eligible", world({ ...DEPLOYED, tags: { repull: "off" } }),    [/untag-resource .*service\/prod\/web/]],
  ["an Express service, which ECS writes", "not-eligible", world({ resourceManagementType: "ECS" }),           [/update-express-gateway-service/, WAIT]],
  ["a managed daemon, which replaces machines", "not-eligible", world({ resourceManagementType: "ECS", schedulingStrategy: "DAEMON" }), [/when its container instances may be replaced/, WAIT]],
  ["an external controller's",             "not-eligible", world({ controller: "EXTERNAL" }),                  [/task set/, WAIT]],
] as const;

for (const [because, outcome, file, steps] of table) {
  describe(because, () => {
    test(`${outcome}, with ${steps.length} steps, and nothing is written`, async () => {
      const ended = await play({ world: file });
      expect(ended.outcome.outcome).toBe(outcome);
      expect(ended.outcome.nextSteps).toHaveLength(steps.length);
      for (const [index, step] of steps.entries()) expect(ended.outcome.nextSteps[index]).toMatch(step);
      const revisions = await ended.world.ports.ecs.newestRevisions("web", 9);
      expect(revisions.map(({ arn }) => arn.slice(-6))).not.toContain("web:43");
      expect(ended.world.executions.records.filter(({ workflow }) => workflow === "mirror")).toEqual([]);
    });
  });
}
