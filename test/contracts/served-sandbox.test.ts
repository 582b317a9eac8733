/** AWS's own clients over the sandbox that is served: the same contract, by the protocols of AWS. */

import { afterEach } from "vitest";
import { createPorts } from "../../src/aws/create-ports.ts";
import { accountOf } from "../../src/sandbox/endpoint/call.ts";
import { type ServedEndpoint, serveEndpoint } from "../../src/sandbox/endpoint/serve-endpoint.ts";
import type { World } from "../../src/sandbox/world/world.ts";
import { CLAUSES, describePortsContract } from "./ports-contract.ts";
import { STAGE_FILE, sandboxStage } from "./sandbox-stage.ts";

const served: ServedEndpoint[] = [];
afterEach(async () => {
  for (const one of served.splice(0)) await one.close();
});

async function overHttp(world: World) {
  const endpoint = await serveEndpoint(accountOf(world, STAGE_FILE));
  served.push(endpoint);
  const aws = {
    region: world.home.region,
    endpoint: endpoint.url,
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    attemptsMax: 1,
  };
  const { ecs, ecr, bus, containerInstances } = createPorts(
    { aws, account: world.home.account },
    { ...world.ports, executions: world.ports.executions },
  );
  return { ecs, ecr, bus, containerInstances };
}

describePortsContract("AWS's clients over the served sandbox", CLAUSES, () => sandboxStage(overHttp), [
  "moto",
  "recorded",
  "sandbox only",
]);
