/** What a refresh of copies may ask of a registry that counts requests: half of the hour, nothing twice, and nothing after a refusal. */

import { describe, expect, test } from "vitest";
import { headsAhead } from "../../src/controller/copies/heads-ahead.ts";
import { createHeadLedger } from "../../src/controller/head-ledger.ts";
import { createLeaderState } from "../../src/controller/leader-state.ts";
import { parseReference } from "../../src/image/reference.ts";
import { headSource } from "../../src/mirrors/source-states.ts";
import { RegistryError } from "../../src/oci/client/registry-error.ts";
import { createSandboxCluster } from "../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { HOUR, manualClock } from "../support/kubernetes/controller-world.ts";
import { imageNamed, registriesInMemory } from "../support/kubernetes/registries-in-memory.ts";

const IMAGES = Array.from({ length: 12 }, (_, at) => `docker.io/library/app:${at}`);
const OTHER = "ghcr.io/acme/app:1";

async function asking(perHour: number, wasRead = true) {
  const clock = manualClock();
  const cluster = createSandboxCluster();
  cluster.put("namespaces", { metadata: { name: "repull" } });
  const registries = registriesInMemory(
    Object.fromEntries([...IMAGES, OTHER].map((name) => [name, imageNamed(name)])),
  );
  const asked = {
    ...registries,
    headManifest: (...all: Parameters<typeof registries.headManifest>) => registries.headManifest(...all),
  };
  const ledger = createHeadLedger(createLeaderState(cluster, "repull"), { clock, perHour: () => perHour });
  await ledger.load();
  const ahead = headsAhead(asked, ledger, { perHour, maxAgeMs: 3 * HOUR, wasRead: () => wasRead });
  const head = async (name: string) => {
    const found = await headSource(parseReference(name), ahead.headManifest);
    return found.kind === "unknown" ? found.code : found.kind;
  };
  const indexed = (name: string) => ledger.within(registries).headManifest(parseReference(name));
  const sent = () => registries.heads.get("docker.io") ?? 0;
  return { clock, registries, ledger, head, indexed, sent };
}

describe("a refresh of copies", () => {
  test("leaves half of the hour's requests to pods, and learns nothing of an image that it may not ask for", async () => {
    const { head, sent, indexed } = await asking(10);
    const answers = [];
    for (const name of IMAGES) answers.push(await head(name));
    expect([answers.slice(0, 5), new Set(answers.slice(5)), sent()]).toEqual([
      Array.from({ length: 5 }, () => "found"),
      new Set(["not-asked"]),
      5,
    ]);
    // The other half is there for the index and for healing.
    for (const name of IMAGES.slice(5, 10)) await indexed(name);
    expect(sent()).toBe(10);
  });

  test("leaves that half too where it asks for all of its images at once", async () => {
    const { head, sent } = await asking(10);
    const answers = await Promise.all(IMAGES.map(head));
    expect([answers.filter((answer) => answer === "found").length, sent()]).toEqual([5, 5]);
  });

  test("asks nothing more after a refusal where it asks for all of its images at once", async () => {
    const { head, sent, registries } = await asking(100);
    registries.states.set("docker.io", "limited");
    const answers = await Promise.all(IMAGES.map(head));
    expect([answers.filter((answer) => answer === "limited").length, sent()]).toEqual([1, 1]);
  });

  test("asks a registry that is silent three times, however many images wait for it", async () => {
    const { head, registries } = await asking(100);
    let sent = 0;
    registries.headManifest = async ({ host }) => {
      sent += 1;
      throw new RegistryError(`${host}: no answer`, { kind: "unavailable", host, unanswered: "no-answer" });
    };
    const answers = await Promise.all(IMAGES.map(head));
    expect([sent, answers.filter((answer) => answer === "unreadable").length]).toEqual([3, 3]);
  });

  test("takes what the index has heard for an answer, until it is too old", async () => {
    const { head, sent, indexed, clock } = await asking(100);
    const [image = ""] = IMAGES;
    await indexed(image);
    expect([await head(image), sent()]).toEqual(["found", 1]);
    clock.advance(3 * HOUR);
    expect([await head(image), sent()]).toEqual(["found", 2]);
  });

  test("asks nothing after a refusal until the registry's window is over, whichever of the two was refused", async () => {
    const { head, sent, indexed, registries, clock } = await asking(100);
    registries.states.set("docker.io", "limited");
    await indexed(IMAGES[0] ?? "").catch(() => {});
    registries.states.set("docker.io", "open");
    expect([await head(IMAGES[1] ?? ""), sent()]).toEqual(["not-asked", 1]);
    clock.advance(6 * HOUR);
    expect([await head(IMAGES[1] ?? ""), sent()]).toEqual(["found", 2]);
  });

  test("asks a registry that counts no requests as it is", async () => {
    const { head, registries } = await asking(1);
    expect([await head(OTHER), await head(OTHER), registries.heads.get("ghcr.io")]).toEqual([
      "found",
      "found",
      2,
    ]);
  });

  for (const kind of ["unauthorized", "denied"] as const)
    for (const [wasRead, code] of [
      [true, "refused"],
      [false, "not-asked"],
    ] as const)
      test(`takes ${kind} for a loss only where the image could be read before (${wasRead})`, async () => {
        const { head, registries } = await asking(100, wasRead);
        registries.headManifest = async ({ host }) => {
          throw new RegistryError(`${host}: no`, { kind, host });
        };
        expect([await head(IMAGES[0] ?? ""), await head(OTHER)]).toEqual([code, code]);
      });
});
