/** A round asks many places at once, and each registry as a guest does: one question at a time, and none twice. */

import { describe, expect, test } from "vitest";
import { registriesOnce } from "../../src/assessment/registries-once.ts";
import { digestOf } from "../../src/image/digest.ts";
import { parseReference } from "../../src/image/reference.ts";
import type { Registries } from "../../src/oci/client/registries.ts";
import { RegistryError } from "../../src/oci/client/registry-error.ts";

const DIGEST = digestOf("nginx");
const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

/** Registries that answer when they are let, and remember what they were asked and how many questions were open. */
function gauged(answer: (host: string) => Error | undefined = () => undefined) {
  const asked: string[] = [];
  const open = new Map<string, number>();
  let most = 0;
  const mostOf = new Map<string, number>();
  const head: Registries["headManifest"] = async (reference) => {
    asked.push(`${reference.host}/${reference.path}:${reference.tag ?? reference.digest}`);
    open.set(reference.host, (open.get(reference.host) ?? 0) + 1);
    most = Math.max(
      most,
      [...open.values()].reduce((sum, one) => sum + one, 0),
    );
    mostOf.set(reference.host, Math.max(mostOf.get(reference.host) ?? 0, open.get(reference.host) ?? 0));
    await new Promise((resolve) => setImmediate(resolve));
    open.set(reference.host, (open.get(reference.host) ?? 0) - 1);
    const refusal = answer(reference.host);
    if (refusal !== undefined) throw refusal;
    return { digest: DIGEST, mediaType: "application/vnd.oci.image.manifest.v1+json" };
  };
  const registries = { headManifest: head, getManifest: head, getBlob: head } as unknown as Registries;
  return { registries, asked, mostAtOnce: () => most, mostOf: (host: string) => mostOf.get(host) };
}

describe("a registry", () => {
  test("is asked one question at a time, while others are asked too", async () => {
    const gauge = gauged();
    const registries = registriesOnce(gauge.registries);
    const names = [
      "nginx:1",
      "redis:1",
      "public.ecr.aws/a/b:1",
      "public.ecr.aws/a/c:1",
      `${ECR}/x:1`,
      `${ECR}/y:1`,
    ];
    await Promise.all(names.map((name) => registries.headManifest(parseReference(name))));
    expect(gauge.asked).toHaveLength(6);
    expect([gauge.mostOf("docker.io"), gauge.mostOf("public.ecr.aws")]).toEqual([1, 1]);
    // The account's own counts by the thousand.
    expect([gauge.mostOf(ECR), gauge.mostAtOnce()]).toEqual([2, 4]);
  });

  test("is asked each question once", async () => {
    const gauge = gauged();
    const registries = registriesOnce(gauge.registries);
    const [one, other] = await Promise.all(
      ["nginx:1", "docker.io/library/nginx:1"].map((name) => registries.headManifest(parseReference(name))),
    );
    expect(other).toEqual(one);
    expect(gauge.asked).toEqual(["docker.io/library/nginx:1"]);
  });

  test("that has said that its limit is reached is believed, for that image", async () => {
    const limited = new RegistryError("429", { kind: "rate-limited", host: "docker.io" });
    const gauge = gauged((host) => (host === "docker.io" ? limited : undefined));
    const registries = registriesOnce(gauge.registries);
    const asked = ["nginx:1", "nginx:2", "redis:1"].map((name) =>
      registries.headManifest(parseReference(name)),
    );
    for (const answer of await Promise.allSettled(asked))
      expect(answer).toMatchObject({ status: "rejected", reason: limited });
    // Some images of Docker Hub have no limit: what is said of one is not said of another.
    expect(gauge.asked).toEqual(["docker.io/library/nginx:1", "docker.io/library/redis:1"]);
  });

  test("that does not answer one question is asked the next", async () => {
    let times = 0;
    const down = new RegistryError("reset", { kind: "unavailable", host: "docker.io" });
    const gauge = gauged(() => (times++ === 0 ? down : undefined));
    const registries = registriesOnce(gauge.registries);
    await expect(registries.headManifest(parseReference("nginx:1"))).rejects.toBe(down);
    await expect(registries.headManifest(parseReference("nginx:2"))).resolves.toMatchObject({
      digest: DIGEST,
    });
  });
});
