/**
 * Copies ahead and healing at one address: whatever is copied when, what Docker Hub still grants is there for healing.
 */

import { describe, expect, test } from "vitest";
import { parseReference } from "../../../src/image/reference.ts";
import type { RateLimit } from "../../../src/oci/client/rate-limit.ts";
import type { Registries } from "../../../src/oci/client/registries.ts";
import { RegistryError } from "../../../src/oci/client/registry-error.ts";
import { quotaPeriod } from "../../../src/remediation/gates/quotas.ts";
import { rejectCopyAhead, stopCopiesAhead } from "../../../src/remediation/mirror/copy-ahead.ts";
import { mirror } from "../../../src/remediation/mirror/mirror-workflow.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import type { QuotaStore } from "../../../src/remediation/ports/quota-store.ts";
import { StepFailed, type Steps } from "../../../src/runtime/steps.ts";
import { createSandboxQuotas } from "../../../src/sandbox/aws/quota-store.ts";
import { createRandom } from "../../../src/sandbox/random.ts";
import { createVirtualClock } from "../../../src/sandbox/virtual-clock.ts";
import { createWorld } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { within } from "../../support/assessment-world.ts";
import { readPolicy } from "../../support/policy.ts";

const POLICY = readPolicy({ mirrors: { prefill: true } });
const HOUR = 3_600_000;
const NGINX = parseReference("docker.io/library/nginx:1.27");

/** Steps that run once, where nothing dies. */
const steps = { step: async (_name, run) => await run() } as Pick<Steps, "step"> as Steps;

/** A registry that answers every HEAD with this quota, or with this refusal. */
function telling(answer: () => RateLimit | RegistryError | undefined): Registries {
  return {
    async headManifest() {
      const quota = answer();
      if (quota instanceof Error) throw quota;
      const head = { digest: `sha256:${"a".repeat(64)}` as const, mediaType: "x" };
      return quota === undefined ? head : { ...head, quota };
    },
  } as Partial<Registries> as Registries;
}

function ports(quotaStore: QuotaStore, registries: Registries, now: string) {
  return { quotaStore, registries, clock: createVirtualClock(Date.parse(now)) };
}

const refusal = (kind: RegistryError["kind"]) => new RegistryError("no", { kind, host: "docker.io" });

describe("a copy ahead", () => {
  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, RateLimit | RegistryError | undefined, number | undefined, string | undefined]>([
    ["all pulls are left",                    { limit: 100, remaining: 100, windowSeconds: 21600 }, 1,         undefined],
    ["half of the pulls are left",            { limit: 100, remaining: 50, windowSeconds: 21600 },  1,         undefined],
    ["fewer than half are left",              { limit: 100, remaining: 49, windowSeconds: 21600 },  1,         "reserved-for-healing"],
    ["it is not known how many are left",      { limit: 100 },                                       1,         "pulls-unknown"],
    ["it is not known of how many",            { remaining: 100 },                                   1,         "pulls-unknown"],
    ["the registry does not answer",          refusal("unavailable"),                               1,         "pulls-unknown"],
    ["the registry refuses the question",     refusal("rate-limited"),                              1,         "rate-limited"],
    ["no limit applies",                      undefined,                                            1,         undefined],
    ["it is a fifth of the limit",            { limit: 100, remaining: 100 },                       19,        undefined],
    ["it is more than a fifth of the limit",  { limit: 100, remaining: 100 },                       20,        "reserved-for-healing"],
    ["it is a whole image, more than a fifth", { limit: 100, remaining: 100 },                      undefined, "reserved-for-healing"],
    ["the window is four times as long",      { limit: 100, remaining: 100, windowSeconds: 86400 }, 5,         "reserved-for-healing"],
  ])("is answered by its code where %s", async (_because, told, platforms, code) => {
    const { port } = createSandboxQuotas(() => {});
    const image = { source: NGINX, claimant: "a", ...(platforms === undefined ? {} : { platforms }) };
    const answer = await rejectCopyAhead(image, POLICY, ports(port, telling(() => told), "2026-01-20T10:00:00Z"), steps);
    expect(answer?.code).toBe(code);
  });

  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, number, string | undefined]>([
    ["half of the day's bytes are used",          500_000, "reserved-for-healing"],
    ["a byte less than half of them is used",     499_999, undefined],
    ["none are used",                             0,       undefined],
  ])("begins by what is left of the day's bytes, and takes none: %s", async (_what, used, code) => {
    const { port } = createSandboxQuotas(() => {});
    const world = ports(port, telling(() => ({ limit: 100, remaining: 100 })), "2026-01-20T10:00:00Z");
    const day = quotaPeriod("bytesPerDay", world.clock.now());
    await port.acquire({ period: day, requester: "a remediation", amount: used, max: 1_000_000 });
    const policy = readPolicy({ mirrors: { prefill: true }, quotas: { bytesPerDay: "1MB" } });
    const image = { source: NGINX, platforms: 1, claimant: "a" };
    expect((await rejectCopyAhead(image, policy, world, steps))?.code).toBe(code);
    expect(await port.used(day)).toBe(used);
  });

  test("begins again at least six hours after a limit, where the next part of the day begins", async () => {
    const { port } = createSandboxQuotas(() => {});
    const at = async (now: string) => {
      const world = ports(
        port,
        telling(() => ({ limit: 100, remaining: 100 })),
        now,
      );
      return (await rejectCopyAhead({ source: NGINX, platforms: 1, claimant: now }, POLICY, world, steps))
        ?.code;
    };
    await stopCopiesAhead(
      ports(
        port,
        telling(() => undefined),
        "2026-01-20T06:10:00Z",
      ),
      steps,
    );
    expect(await at("2026-01-20T12:09:59Z")).toBe("reserved-for-healing");
    expect(await at("2026-01-20T17:59:59Z")).toBe("reserved-for-healing");
    expect(await at("2026-01-20T18:00:00Z")).toBeUndefined();
  });

  test("asks nothing where the policy does not want it, or the source has no such limit", async () => {
    const world = ports(
      createSandboxQuotas(() => {}).port,
      telling(() => {
        throw new Error("asked");
      }),
      "2026-01-20T10:00:00Z",
    );
    const image = { source: NGINX, platforms: 1, claimant: "a" };
    expect((await rejectCopyAhead(image, readPolicy({}), world, steps))?.code).toBe("prefill-off");
    const observed = readPolicy({ mirrors: { prefill: true }, mode: "observe" });
    expect((await rejectCopyAhead(image, observed, world, steps))?.code).toBe("prefill-off");
    const twin = parseReference("public.ecr.aws/docker/library/nginx:1.27");
    expect(await rejectCopyAhead({ ...image, source: twin }, POLICY, world, steps)).toBeUndefined();
  });
});

describe("a copy that a remediation needs, and that meets the limit", () => {
  const PREFILL = { mirrors: { prefill: true } };
  /** Copies an image while every GET of a manifest is refused; answers what the copy and the quotas say then. */
  async function limited(policy: object, source = "docker.io/acme/web:1", denied = false) {
    const image = { "acme/web:1": { kilobytes: 10 } };
    const world = await createWorld(
      readWorldFile({
        services: [],
        registries: { "docker.io": { images: image }, "quay.io": { images: image } },
      }),
    );
    const head = await within(world.clock, () => world.ports.registries.headManifest(parseReference(source)));
    for (const registry of world.registries.all)
      registry.fail({ on: "manifest-get", as: { kind: "status", status: 429 } });
    const target = `123456789012.dkr.ecr.us-east-1.amazonaws.com/repull/${source}`;
    const request = { source, target, digest: head?.digest };
    let step = "";
    const { port: quotaStore } = createSandboxQuotas((action) => {
      if (denied && step === "stop copies ahead") throw new AwsError("denied", action, "no");
    });
    const recorded = {
      async step(name, run) {
        step = name;
        try {
          return await run();
        } catch (error) {
          throw new StepFailed(name, String(error));
        } finally {
          step = "";
        }
      },
    } as Pick<Steps, "step"> as Steps;
    const ended = await within(world.clock, () =>
      mirror(request, { ...world.ports, quotaStore }, readPolicy(policy), recorded),
    );
    const now = new Date(world.clock.now()).toISOString();
    const after = ports(
      quotaStore,
      telling(() => ({ limit: 100, remaining: 100 })),
      now,
    );
    const next = { source: NGINX, platforms: 1, claimant: "a" };
    return { ended, ahead: (await rejectCopyAhead(next, POLICY, after, steps))?.code };
  }

  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, Parameters<typeof limited>, string | undefined]>([
    ["stops copies ahead",                               [PREFILL],                       "reserved-for-healing"],
    ["stops none where the limit is another registry's", [PREFILL, "quay.io/acme/web:1"], undefined],
    ["stops them where only tags that moved are copied", [{}],                            "reserved-for-healing"],
    ["ends the same where the stop cannot be written",   [PREFILL, undefined, true],      undefined],
  ])("%s", async (_what, given, code) => {
    const { ended, ahead } = await limited(...given);
    expect(ended).toMatchObject({ kind: "refused", code: "rate-limited", limited: true });
    expect(ahead).toBe(code);
  });
});

describe("a copy ahead", () => {
  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, "prefill" | "images" | "refresh" | undefined, object, string | undefined]>([
    ["of a new deployment",     undefined, { mirrors: { prefill: true } },                                  undefined],
    ["of a new deployment",     "prefill", { mirrors: { images: [{ image: "nginx", tags: ["1"] }] } },      "prefill-off"],
    ["that the policy lists",   "images",  { mirrors: { images: [{ image: "nginx", tags: ["1"] }] } },      undefined],
    ["that no list wants",      "images",  { mirrors: { prefill: true } },                                  "prefill-off"],
    ["of a tag that has moved", "refresh", {},                                                              undefined],
    ["of a tag that has moved", "refresh", { mode: "observe" },                                             "prefill-off"],
  ])("%s, asked for as %s, under the policy %o, ends with %s", async (_what, wantedBy, policy, code) => {
    const quotas = createSandboxQuotas(() => {});
    const asked = ports(
      quotas.port,
      telling(() => ({ limit: 100, remaining: 100 })),
      "2026-01-20T00:00:00Z",
    );
    const image = { source: NGINX, platforms: 1, claimant: "a", ...(wantedBy === undefined ? {} : { wantedBy }) };
    expect((await rejectCopyAhead(image, readPolicy(policy), asked, steps))?.code).toBe(code);
  });
});

test("two consumers of one address: healing finds the pulls that copies ahead may not use, in 200 random days", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = createRandom(seed);
    const limit = 40 + random.integer(0, 200);
    const { port } = createSandboxQuotas(() => {});
    const clock = createVirtualClock(Date.parse("2026-01-20T00:00:00Z"));
    let [used, ahead, window] = [0, 0, 0];
    const registries = telling(() => ({ limit, remaining: limit - used, windowSeconds: 21600 }));
    for (let event = 0; event < 120; event++) {
      await clock.advanceTo(clock.now() + random.integer(1, HOUR / 2));
      if (Math.floor(clock.now() / (6 * HOUR)) !== window)
        [used, ahead, window] = [0, 0, Math.floor(clock.now() / (6 * HOUR))];
      const pulls = 2 + random.integer(0, 5);
      if (random.integer(0, 1) === 0) {
        // A remediation pulls whatever is left.
        used = Math.min(limit, used + pulls);
        continue;
      }
      const left = limit - used;
      const image = { source: NGINX, platforms: pulls - 1, claimant: `${seed} ${event}` };
      if (
        (await rejectCopyAhead(image, POLICY, { quotaStore: port, registries, clock }, steps)) !== undefined
      )
        continue;
      expect(left, `seed ${seed}: more than half was left when it began`).toBeGreaterThanOrEqual(limit / 2);
      used += pulls;
      ahead += pulls;
      expect(ahead, `seed ${seed}: a fifth of the window at most`).toBeLessThanOrEqual(limit / 5);
    }
  }
});
