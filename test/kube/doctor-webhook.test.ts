/** The doctor's way in through a webhook that runs: by its warnings where it only observes, by the swap where it remediates. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checksOf } from "../../src/cli/doctor/cluster/cluster-doctor.ts";
import type { ClusterPort } from "../../src/cluster/cluster-port.ts";
import { openCluster } from "../../src/cluster/open-cluster.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type AdmissionWorld, rowOf, startAdmissionWorld } from "../support/kube/admission-world.ts";

for (const mode of ["observe", "remediate"] as const)
  describe(`a webhook in the mode ${mode}`, () => {
    let world: AdmissionWorld;
    let cluster: ClusterPort;
    beforeAll(async () => {
      world = await startAdmissionWorld();
      await world.startWebhook(mode);
      await world.writeIndex(new Map([["nginx:1.27", rowOf("nginx", "a")]]));
      cluster = openCluster({ from: "kubeconfig", files: [world.plane.kubeconfig] }, systemClock);
    });
    afterAll(async () => {
      cluster?.close();
      await world?.stop();
    });
    const found = async (): Promise<Readonly<Record<string, string>>> => {
      const checks = await checksOf(cluster, "repull", Date.now());
      return Object.fromEntries(checks.map(({ check, result }) => [check, result]));
    };

    test("is seen to answer, and to be reached by the control plane", async () => {
      expect(await found()).toMatchObject({
        "way in": "passed",
        "swapped pods": "passed",
        network: "passed",
      });
    });

    test("is missed once it is gone", async () => {
      await world.webhook().stop();
      expect(await found()).toMatchObject({ "way in": "failed", network: "not checked" });
    });
  });
