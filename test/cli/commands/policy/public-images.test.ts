import { expect, test } from "vitest";
import { publicImages } from "../../../../src/cli/commands/policy/public-images.ts";
import { serveRegistry } from "../../../../src/sandbox/registry/http-server.ts";
import { createWorld } from "../../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../../src/sandbox/world/world-file.ts";
import { PUBLIC_IMAGES } from "../../../../src/substitution/ecr-public-mirrors.ts";
import { commandIo, objectsIn } from "../../../support/command-io.ts";

test("repull policy public-images distinguishes a row that is still true from a stale one", async () => {
  const official = PUBLIC_IMAGES[0]?.sample ?? "";
  const name = official.replace(/^docker\.io\//, "");
  const path = name.includes("/") ? name : `library/${name}`;
  const world = {
    registries: {
      "docker.io": { images: { [path]: {} } },
      "public.ecr.aws": { images: { [`docker/${path}`]: { sameAs: `docker.io/${path}` } } },
    },
  };
  const { registries } = await createWorld(readWorldFile(world));
  const [hub, there] = await Promise.all([
    serveRegistry(registries.dockerHub),
    serveRegistry(registries.ecrPublic),
  ]);
  try {
    const endpoints = `registry-1.docker.io=${hub.url},public.ecr.aws=${there.url}`;
    const io = commandIo({}, { REPULL_REGISTRY_ENDPOINTS: endpoints });
    expect(await publicImages({ json: true }, io)).toBe(1);
    const checks = objectsIn(io.printed.out);
    expect(checks).toHaveLength(PUBLIC_IMAGES.length);
    expect(checks[0]).toMatchObject({ found: "same" });
    expect(new Set(checks.slice(1).map(({ found }) => found))).toEqual(new Set(["gone"]));
  } finally {
    await Promise.all([hub.close(), there.close()]);
  }
});
