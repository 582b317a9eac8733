/** A controller's own copies over AWS's and the registries' protocols, into a served account. */

import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { awsSettingsFrom } from "../../../src/cli/account/aws-settings.ts";
import { environmentWithAws } from "../../../src/cli/commands/kubernetes/controller-environment.ts";
import type { CopyAnswer } from "../../../src/controller/copies/copies.ts";
import { createQuotaInState } from "../../../src/controller/heal/quota-in-state.ts";
import { createLeaderState } from "../../../src/controller/leader-state.ts";
import { ecrHost } from "../../../src/image/ecr-hosts.ts";
import type { CopyRequest } from "../../../src/kubernetes/heal/decide-heal.ts";
import { silentLog } from "../../../src/runtime/log.ts";
import { createSandboxCluster } from "../../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { commandIo } from "../../support/command-io.ts";
import { readPolicy } from "../../support/policy.ts";
import { type ServedAccount, serveAccount } from "../../support/served-account.ts";

let served: ServedAccount;
beforeAll(async () => {
  served = await serveAccount(
    { registries: { "docker.io": { images: { "library/one:1": {} } } } },
    "remediate",
  );
  // AWS's own client looks for a caller there.
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, served.env[name]);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await served?.close();
});

test("copies an image into ECR, and counts its bytes in the cluster", async () => {
  const { world, env } = served;
  const { account, region } = world.home;
  const io = commandIo({}, env);
  const aws = await awsSettingsFrom(io);
  const settings = { copies: "in-pod", stack: "repull", io, log: silentLog } as const;
  // The sandbox's registries, and where they send a client for blobs, are on loopback, which a policy has to name.
  const ports = [...(env.REPULL_REGISTRY_ENDPOINTS ?? "").matchAll(/:([0-9]+)/g)].map(([, port]) => port);
  const hosts = ports.flatMap((port) => [`127.0.0.1:${port}`, `localhost:${port}`]);
  const policy = readPolicy({ registries: { allowed: ["docker.io", ...hosts] } });
  const made = await environmentWithAws(() => policy, aws, account, settings);
  const cluster = createSandboxCluster();
  cluster.put("namespaces", { metadata: { name: "repull" } });
  const ofLeader = createQuotaInState(createLeaderState(cluster, "repull"));
  const asked = made.copiesWith?.(ofLeader);
  const repository = "repull/docker.io/library/one";
  const digest = world.registries.dockerHub.tags("library/one")["1"] as CopyRequest["digest"];
  const request: CopyRequest = {
    kind: "copy",
    digest,
    source: `docker.io/library/one@${digest}`,
    target: `${ecrHost(account, region)}/${repository}:1`,
  };
  let answer: CopyAnswer | undefined;
  for (let left = 60; left > 0 && answer?.kind !== "done" && answer?.kind !== "refused"; left--) {
    answer = await asked?.ask(request);
    await delay(250);
  }
  expect(answer).toEqual({ kind: "done" });
  expect(world.registries.ecr.digests(repository)).toContain(digest);
  expect(JSON.stringify(cluster.all("configmaps"))).toContain("bytesPerDay");
}, 60_000);
