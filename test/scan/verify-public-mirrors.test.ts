/** The table of twins on ECR Public, asked row by row: a row that has gone stale shows. */

import { describe, expect, test } from "vitest";
import { createWorld } from "../../src/sandbox/world/world.ts";
import { verifyPublicMirrors } from "../../src/scan/verify-public-mirrors.ts";
import type { PublicImage } from "../../src/substitution/ecr-public-mirrors.ts";

describe("the table of twins on ECR Public, asked row by row", () => {
  const row = (dockerHub: string, ecrPublic: string, sample: string): PublicImage => ({
    dockerHub,
    ecrPublic,
    sample,
    samePublisher: true,
    source: "a test",
    read: "2026-11",
  });
  // biome-ignore format: a table is read by its columns
  const rows = [
    [row("library/*",  "docker/library/*", "library/nginx:1"),  "same"],
    [row("acme/moved", "acme/moved",       "acme/moved:1"),     "other-bytes"],
    [row("acme/left",  "acme/left",        "acme/left:1"),      "stale"],
    [row("acme/gone",  "acme/gone",        "acme/gone:1"),      "gone"],
  ] as const;

  test("shows which hold, and which have gone stale", async () => {
    const { ports, registries } = await createWorld({
      services: [],
      registries: {
        "docker.io": { images: { "library/nginx:1": {}, "acme/moved:1": {}, "acme/left:1": {} } },
        "public.ecr.aws": {
          images: { "docker/library/nginx:1": { sameAs: "docker.io/library/nginx:1" }, "acme/moved:1": {} },
        },
      },
    });
    const checks = await verifyPublicMirrors(
      ports.registries,
      rows.map(([one]) => one),
    );
    expect(checks.map(({ found }) => found)).toEqual(rows.map(([, found]) => found));
    expect(checks[0]?.ecrPublic).toBe("public.ecr.aws/docker/library/nginx:1");
    // Nothing was pulled to find out.
    expect(registries.dockerHub.requests()["manifest-get"]).toBeUndefined();
  });

  test("where a registry does not answer, nothing is said of the row", async () => {
    const { ports } = await createWorld({
      services: [],
      registries: { "docker.io": { trouble: "unreachable" } },
    });
    const [check] = await verifyPublicMirrors(ports.registries, [rows[0][0]]);
    expect(check).toMatchObject({ found: "unknown", dockerHub: "library/nginx:1" });
  });
});
