/** The functions send no request to the ports that Lambda itself serves, whatever registry a setting maps there. */

import { deepEqual, rejects } from "node:assert/strict";
import { afterEach, beforeEach, describe, test, vi } from "vitest";
import { getPorts } from "../../functions/create-ports.ts";
import { settingsFrom } from "../../functions/settings.ts";
import { parseReference } from "../../src/image/reference.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { DEFAULT_POLICY } from "../../src/substitution/policy/policy.ts";
import { LoopbackRegistry, type Mischief } from "../support/registries/loopback-registry.ts";

const ARN = "arn:aws:lambda:eu-central-1:123456789012:function:repull-remediate";

let mapped: LoopbackRegistry;
let unmapped: LoopbackRegistry;
beforeEach(async () => {
  [mapped, unmapped] = await Promise.all([LoopbackRegistry.start(), LoopbackRegistry.start()]);
  vi.stubEnv("AWS_LAMBDA_RUNTIME_API", unmapped.host);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([mapped.stop(), unmapped.stop()]);
});

/** Ports of their own: those that were made before keep what they were made with. */
function registriesWith(endpoint: string) {
  const settings = settingsFrom({
    AWS_REGION: "eu-central-1",
    REPULL_QUOTA_TABLE: "quotas",
    REPULL_REGISTRY_ENDPOINTS: `docker.io=${endpoint}`,
  });
  const registries = { ...DEFAULT_POLICY.registries, allowed: [`${endpoint}.example`] };
  return getPorts(settings, ARN, silentLog, { ...DEFAULT_POLICY, registries }).registries;
}

const NGINX = parseReference("nginx:1.27");
const redirecting: Mischief = (_, response) => {
  const location = `${unmapped.url}/2018-06-01/runtime/invocation/next`;
  response.writeHead(307, { location, "content-length": 0 }).end();
  return true;
};

describe("the functions refuse Lambda's runtime interface", () => {
  // biome-ignore format: one row a line
  const table: readonly (readonly [string, () => string])[] = [
    ["that a registry is mapped to",                 () => unmapped.url],
    ["that a registry is mapped to by a name",       () => unmapped.url.replace("127.0.0.1", "localhost")],
    ["that a mapped registry points to",             () => { mapped.mischief = redirecting; return mapped.url; }],
  ];
  for (const [where, endpoint] of table) {
    test(where, async () => {
      await rejects(registriesWith(endpoint()).headManifest(NGINX), { kind: "denied" });
      deepEqual(unmapped.seen, []);
    });
  }
});
