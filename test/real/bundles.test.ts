/**
 * How the built functions start, under Lambda's own runtime interface client: alone, without a request, and with words where
 * a setting is wrong. Needs `npm run build` and the client (`.ci/lambda-runtime`).
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import {
  BUNDLES,
  type BundleName,
  functionArnOf,
  functionEnvironment,
} from "../support/aws/function-environment.ts";
import { type StartedFunction, startFunction } from "../support/aws/runtime-api.ts";

const running: StartedFunction[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

/** One function with the templates' environments. @param endpoint where AWS is */
async function started(
  name: BundleName,
  environment: Record<string, string> = {},
  endpoint = "http://127.0.0.1:9",
): Promise<StartedFunction> {
  const made = await startFunction({
    bundle: name,
    functionArn: functionArnOf(name),
    environment: { ...functionEnvironment(endpoint), ...environment },
  });
  running.push(made);
  return made;
}

describe("initialisation", () => {
  for (const name of BUNDLES)
    test(`${name} starts alone, with nothing of this checkout, and sends no request before its first event`, async () => {
      let requests = 0;
      const aws = createServer((_, outgoing) => {
        requests += 1;
        outgoing.end("{}");
      });
      await new Promise<void>((resolve) => aws.listen(0, "127.0.0.1", resolve));
      const { port } = aws.address() as AddressInfo;
      const { initError } = await started(name, {}, `http://127.0.0.1:${port}`);
      await new Promise((resolve) => aws.close(resolve));
      expect(initError).toBeUndefined();
      expect(requests).toBe(0);
    });

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [BundleName, Record<string, string>, RegExp])[] = [
    ["detect",    { REPULL_DEAD_LETTER_QUEUE_URL: "" },  /REPULL_DEAD_LETTER_QUEUE_URL/],
    ["detect",    { AWS_REGION: "" },                    /AWS_REGION/],
    ["remediate", { REPULL_LEAST_PROOF: "whatever" },    /REPULL_LEAST_PROOF/],
    ["mirror",    { REPULL_MIRROR_PREFIX: "NOT/A NAME" }, /REPULL_MIRROR_PREFIX/],
    ["diagnose",  { REPULL_CLAIM_TABLE: "" },            /REPULL_CLAIM_TABLE/],
    ["mirrors",   { REPULL_ROLE_ARN: "" },               /REPULL_ROLE_ARN/],
    ["refresh",   { REPULL_PRUNE_TABLE: "" },            /REPULL_PRUNE_TABLE/],
  ];
  for (const [name, environment, words] of table) {
    test(`${name} fails to start, and says why: ${JSON.stringify(environment)}`, async () => {
      const { initError } = await started(name, environment);
      expect(initError?.errorMessage).toMatch(words);
    });
  }
});
