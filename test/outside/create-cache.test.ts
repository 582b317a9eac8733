/** `repull mirrors cache create --yes` that ends half-way: what it has made by then is printed, however little else is. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accountOf } from "../../src/sandbox/endpoint/call.ts";
import { type ServedEndpoint, serveEndpoint } from "../../src/sandbox/endpoint/serve-endpoint.ts";
import { createWorld, type World } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { repull } from "./command.ts";

let world: World;
let endpoint: ServedEndpoint;

beforeAll(async () => {
  const file = readWorldFile({ refusals: [{ action: "ecr:CreatePullThroughCacheRule", kind: "denied" }] });
  world = await createWorld(file);
  endpoint = await serveEndpoint(accountOf(world, file));
});
afterAll(async () => {
  await endpoint.close();
});

describe("repull mirrors cache create whose rule is refused", () => {
  for (const flags of [[], ["--quiet"], ["--quiet", "--json"]])
    it(`names the undo of the template that is there, with ${flags.join(" ") || "no other option"}`, async () => {
      const prefix = `quay${flags.length}`;
      const { err, status } = await repull(
        [
          ...["mirrors", "cache", "create", "--registry", "quay", "--prefix", prefix],
          ...["--no-stack", "--yes", ...flags],
        ],
        { environment: { AWS_ENDPOINT_URL: endpoint.url, AWS_REGION: "us-east-1" } },
      );
      expect([status, world.cacheRules.templates.has(prefix)]).toEqual([4, true]);
      expect(err).toContain(`delete-repository-creation-template --prefix ${prefix}`);
    });
});
