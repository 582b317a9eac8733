/** `repull scan --verify`: registries say which places hold the same bytes; a scan without it asks none of them. */

import { describe, expect, test } from "vitest";
import { PortError } from "../../src/assessment/ports.ts";
import { RegistryError } from "../../src/oci/client/registry-error.ts";
import type { Scan } from "../../src/scan/scan.ts";
import {
  accountWith,
  COPY,
  ECR,
  type Given,
  MOVED,
  NGINX,
  ORIGIN,
  registriesWith,
  TWIN,
  within,
} from "../support/assessment-world.ts";
import { type ScannedService, scanOf } from "../support/scan-world.ts";

const web: ScannedService = { name: "web", images: ["nginx:1.25"] };

async function verified(given: Given, services: readonly ScannedService[] = [web], isVerified = true) {
  const world = registriesWith(given);
  const { clock, registries } = world;
  const verify = { clock, registries, ...accountWith(given.ecr), ...given.environment };
  const scan = await within(clock, () =>
    scanOf({ services }, {}, { clock, ...(isVerified ? { verify } : {}) }),
  );
  return { scan, hub: world.hub() };
}

function firstImage({ exposures }: Scan) {
  return exposures[0]?.images[0];
}

/** What is said of the image: where it is, and how that is known; else that nothing is. */
function told(scan: Scan): string {
  const { first } = firstImage(scan) ?? {};
  return first === undefined ? "nowhere" : `${first.strategy} ${first.proof ?? "not proved"}`;
}

describe("a scan that verifies", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, given: Given, told: string, reason: string | undefined])[] = [
    ["its twin on ECR Public holds the same bytes",  { holds: { [ORIGIN]: NGINX, [TWIN]: NGINX } },                                          "ecr-public same-index", undefined],
    ["our ECR holds a copy of the same bytes",       { holds: { [ORIGIN]: NGINX, [COPY]: NGINX, [TWIN]: NGINX } },                           "ecr-copy same-index",   undefined],
    ["the copy has other bytes than the name now",   { holds: { [ORIGIN]: NGINX, [COPY]: MOVED, [TWIN]: NGINX } },                           "ecr-public same-index", undefined],
    ["nothing but its origin has it",                { holds: { [ORIGIN]: NGINX } },                                                         "mirror same-platform",  undefined],
    ["no registry has it",                           { holds: { "docker.io/library/nginx:1.24": MOVED } },                                   "nowhere",               "no place was found that holds nginx:1.25 with enough proof"],
  ];
  for (const [when, given, expected, reason] of table) {
    test(`reports ${expected} when ${when}`, async () => {
      const { scan } = await verified(given);
      expect([told(scan), scan.exposures[0]?.notRemediatedBecause]).toEqual([expected, reason]);
      // What is proved is what the list of changes says.
      expect(scan.imageChanges[0]?.to).toEqual(firstImage(scan)?.first);
    });
  }

  test("reports the digest that the name means now, and that the place has it", async () => {
    const { scan } = await verified({ holds: { [ORIGIN]: NGINX, [TWIN]: NGINX } });
    expect(firstImage(scan)).toMatchObject({
      isVerified: true,
      trusted: { digest: NGINX.digest, from: "origin" },
      first: { digest: NGINX.digest },
    });
  });

  test("names a copy in ECR by its digest: the tag of the image is not the copy's", async () => {
    const { scan } = await verified({ holds: { [ORIGIN]: NGINX, [COPY]: NGINX } });
    expect(firstImage(scan)?.first?.place).toBe(`${ECR}/repull/docker.io/library/nginx@${NGINX.digest}`);
  });

  test("asks of an image once, however many workloads run it", async () => {
    const holds = { [ORIGIN]: NGINX, [TWIN]: NGINX };
    const many = Array.from({ length: 9 }, (_, index) => ({ ...web, name: `web-${index}` }));
    const [one, nine] = [await verified({ holds }), await verified({ holds }, many)];
    expect(nine.hub).toEqual(one.hub);
    expect(Object.keys(one.hub)).toEqual(["manifest-head"]);
  });

  test("asks Docker Hub no more once it refuses", async () => {
    const { clock, registries: limited } = registriesWith({});
    let asked = 0;
    const registries = {
      ...limited,
      headManifest: async (...[reference, signal]: Parameters<typeof limited.headManifest>) => {
        if (reference.host !== "docker.io") return await limited.headManifest(reference, signal);
        asked += 1;
        throw new RegistryError("429", { kind: "rate-limited", host: "docker.io" });
      },
    };
    const images = Array.from({ length: 20 }, (_, index) => `acme/app-${index}:1`);
    const verify = { clock, registries, ...accountWith() };
    const scan = await within(clock, () => scanOf({ services: [{ ...web, images }] }, {}, { clock, verify }));
    expect(asked).toBe(1);
    expect(scan.exposures[0]?.images.every(({ isVerified }) => isVerified)).toBe(true);
  });

  test("names the images that it could not verify, and says what is likely of them", async () => {
    const busy = () => Promise.reject(new PortError("throttled", "slow down"));
    const registries = { headManifest: busy, getManifest: busy, getBlob: busy };
    const { scan } = await verified({ environment: { registries } });
    expect(scan.gaps).toEqual([expect.stringMatching(/nginx:1\.25.*slow down/)]);
    expect(told(scan)).toBe("ecr-public not proved");
  });
});

test("a scan that does not verify asks no registry, and proves nothing", async () => {
  const { scan, hub } = await verified({ holds: { [ORIGIN]: NGINX, [TWIN]: NGINX } }, [web], false);
  expect([told(scan), firstImage(scan)?.isVerified, hub]).toEqual(["ecr-public not proved", undefined, {}]);
});
