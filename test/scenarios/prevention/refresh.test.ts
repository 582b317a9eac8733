/** Copies made anew when their tags have moved, and copies that the policy wants: worlds in which the source or the time is bad. */

import { describe, expect, test } from "vitest";
import { eventsOf, usersTold } from "../../../src/mirrors/refresh/refresh-report.ts";
import { RegistryError } from "../../../src/oci/client/registry-error.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import { copiedWorld, OTHER, REPOSITORY, refreshWorld, WANTED } from "../../support/refresh-world.ts";

const IMAGES = { mirrors: { images: [{ image: "acme/web", tags: ["1"] }] } } as const;

describe("a refresh", () => {
  test("copies a wanted image, and a later one asks with one HEAD and pulls nothing", async () => {
    const played = await refreshWorld({}, WANTED);
    const first = await played.refresh();
    expect(first.wanted).toMatchObject([{ source: "docker.io/acme/web:1", copy: { kind: "copied" } }]);
    expect(played.tagsOf(REPOSITORY)).not.toEqual([]);
    const before = played.asked();
    const second = await played.refresh();
    expect(second).toMatchObject({ kind: "refreshed", tags: 1, heads: 1, moved: [], lost: [], wanted: [] });
    expect(played.asked()).toEqual({ heads: before.heads + 1, pulls: before.pulls });
  });

  test("copies an image of two wanted tags once, and follows each of the tags from then on", async () => {
    const played = await refreshWorld({}, { mirrors: { images: [{ image: "acme/web", tags: ["1", "2"] }] } });
    played.move("acme/web", "2", "1");
    const first = await played.refresh();
    expect(first.wanted.map(({ copy }) => copy.kind)).toEqual(["copied", "copied"]);
    expect(await played.refresh()).toMatchObject({ tags: 2, heads: 2, wanted: [], moved: [] });
    played.move("acme/web", "2", "3");
    expect(await played.refresh()).toMatchObject({ moved: [{ source: "docker.io/acme/web:2" }], wanted: [] });
  });

  test("copies a tag that moved together with another one, also where only the other was copied in that run", async () => {
    const played = await refreshWorld({}, { mirrors: { images: [{ image: "acme/web", tags: ["1", "2"] }] } });
    played.move("acme/web", "2", "1");
    await played.refresh();
    for (const tag of ["1", "2"]) played.move("acme/web", tag, "3");
    const { executions } = played.world.ports;
    let started = 0;
    const start = async (...args: Parameters<typeof executions.start>) => {
      started += 1;
      if (started > 1) throw new AwsError("throttled", "lambda:InvokeFunction", "later");
      return await executions.start(...args);
    };
    const first = await played.refresh({ ports: { executions: { ...executions, start } } });
    expect(first.moved.map(({ copy }) => copy.kind).toSorted()).toEqual(["running", "waiting"]);
    expect((await played.refresh()).moved).toMatchObject([
      { isNews: false, copy: { kind: "copied" } },
      { isNews: false, copy: { kind: "copied" } },
    ]);
    expect((await played.refresh()).moved).toEqual([]);
  });

  test("copies a tag anew that goes back to bytes of which only the proof is left", async () => {
    const played = await refreshWorld({}, WANTED);
    played.move("acme/web", "1", "3");
    await played.refresh();
    const { ecr } = played.world.registries;
    const copies = Object.entries(ecr.tags(REPOSITORY)).filter(([tag]) => tag.startsWith("1-"));
    played.move("acme/web", "1", "2");
    expect((await played.refresh()).moved).toMatchObject([{ copy: { kind: "copied" } }]);
    const gone = copies.map(([, digest]) => digest);
    ecr.remove(REPOSITORY, gone);
    await played.world.run(7 * 3600);
    const to = played.move("acme/web", "1", "3");
    expect((await played.refresh()).moved).toMatchObject([{ to, copy: { kind: "copied" }, isNews: true }]);
    expect(ecr.digests(REPOSITORY)).toEqual(expect.arrayContaining(gone));
    expect((await played.refresh()).moved).toEqual([]);
  });

  test("copies a moved tag next to the old copy, for the platform of that, and reports it once", async () => {
    const played = await copiedWorld();
    const before = played.tagsOf(REPOSITORY);
    const to = played.move("acme/web", "1", "2");
    const first = await played.refresh();
    expect(first.moved).toMatchObject([
      {
        code: "tag-moved",
        source: "docker.io/acme/web:1",
        to,
        isNews: true,
        copy: { kind: "copied" },
        users: { count: 1, first: [{ place: "services", by: "service/0" }] },
      },
    ]);
    expect(first.moved[0]?.images).toHaveLength(1);
    expect(played.tagsOf(REPOSITORY)).toEqual(expect.arrayContaining([...before]));
    expect(played.world.executions.records.at(-1)?.input).toMatchObject({ platforms: ["linux/amd64"] });
    const second = await played.refresh();
    expect(second).toMatchObject({ moved: [], heads: 1 });
    expect(played.copies()).toEqual(["copied", "copied"]);
    expect(played.world.executions.records.every(({ workflow }) => workflow === "mirror")).toBe(true);
  });

  test("changes nothing in a dry run, and remembers nothing", async () => {
    const played = await copiedWorld();
    const records = new Map(played.records);
    played.move("acme/web", "1", "2");
    const told = await played.refresh({ isDryRun: true });
    expect(told).toMatchObject({ kind: "dry-run", moved: [{ copy: { kind: "withheld", code: "dry-run" } }] });
    expect(played.copies()).toEqual(["copied"]);
    expect(played.records).toEqual(records);
  });

  // biome-ignore format: a table is read by its columns
  const withheld: readonly (readonly [when: string, policy: object, stopped: string | undefined, code: string])[] = [
    ["the mode is observe",             { ...IMAGES, mode: "observe" },                                   undefined,     "mode-observe"],
    ["writes are stopped",              IMAGES,                                                           "an incident", "writes-stopped"],
    ["no copies are made at all",       { ...IMAGES, strategies: ["ecr-copy", "ecr-public"] },            undefined,     "no-copies"],
    ["the policy excludes the image",   { ...IMAGES, scope: { images: { exclude: ["acme/*"] } } },        undefined,     "excluded-by-policy"],
  ];
  for (const [when, policy, stopped, code] of withheld)
    test(`reports a moved tag, and copies nothing, when ${when}`, async () => {
      const played = await copiedWorld();
      played.move("acme/web", "1", "2");
      Object.assign(played, { policy, stopped });
      expect(await played.refresh()).toMatchObject({ moved: [{ copy: { kind: "withheld", code } }] });
      expect(played.copies()).toEqual(["copied"]);
    });

  test("asks about a tag that nothing uses only where a list of uses could not be read", async () => {
    const played = await copiedWorld();
    Object.assign(played, { policy: {}, used: [] });
    expect(await played.refresh()).toMatchObject({ tags: 0, heads: 0 });
    played.uses = {
      ...played.uses,
      clusters: [{ name: "eks", isListed: true, because: "it does not report them", images: [] }],
    };
    expect(await played.refresh()).toMatchObject({ tags: 1, heads: 1, unread: [expect.any(String)] });
  });

  test("begins no copy where fewer than half of the pulls are left: they are for healing", async () => {
    const played = await copiedWorld();
    played.move("acme/web", "1", "2");
    played.world.registries.dockerHub.spend({ address: played.world.addresses.repull }, 60);
    const { pulls } = played.asked();
    expect(await played.refresh()).toMatchObject({
      moved: [{ copy: { kind: "waiting", code: "reserved-for-healing" } }],
    });
    expect(played.asked().pulls).toBe(pulls);
    // Within the pause after a refusal that pulled nothing, it waits: no copy has failed.
    expect(await played.refresh()).toMatchObject({ moved: [{ copy: { kind: "waiting", code: "paused" } }] });
  });

  test("takes a fifth of a window's pulls for all that the policy wants, and begins no further copy", async () => {
    const tags = Array.from({ length: 40 }, (_, index) => `t${index}`);
    const images = Object.fromEntries(tags.map((tag) => [`acme/web:${tag}`, { kilobytes: 4 }]));
    const played = await refreshWorld(
      { "docker.io": { images } },
      { mirrors: { images: [{ image: "acme/web", tags }] } },
    );
    const told = await played.refresh();
    const copied = told.wanted.filter(({ copy }) => copy.kind === "copied");
    expect(copied.length).toBeGreaterThan(0);
    expect(played.asked().pulls).toBeLessThanOrEqual(20);
    expect(played.copies().length).toBeLessThan(copied.length + 4);
    expect(told.wanted.at(-1)?.copy).toMatchObject({ kind: "waiting", code: "reserved-for-healing" });
  });
});

describe("a source", () => {
  test("whose HEAD names other bytes than its GET gives brings nothing into ECR under that digest", async () => {
    const played = await copiedWorld();
    const before = played.tagsOf(REPOSITORY);
    const { registries } = played.world.ports;
    const lying = {
      ...registries,
      headManifest: async (image: Parameters<typeof registries.headManifest>[0]) =>
        image.host === "docker.io" && image.digest === undefined
          ? { digest: OTHER, mediaType: "application/vnd.oci.image.index.v1+json" }
          : await registries.headManifest(image),
    };
    const told = await played.refresh({ ports: { registries: lying } });
    expect(told.moved).toMatchObject([{ to: OTHER, copy: { kind: "failed" } }]);
    expect(played.tagsOf(REPOSITORY)).toEqual(before);
  });

  test("that lies about one image does not keep the others from being copied", async () => {
    const played = await refreshWorld({}, { mirrors: { images: [{ image: "acme/web", tags: ["1", "2"] }] } });
    const { registries } = played.world.ports;
    const lying = {
      ...registries,
      headManifest: async (image: Parameters<typeof registries.headManifest>[0]) =>
        image.tag === "1"
          ? { digest: OTHER, mediaType: "application/vnd.oci.image.index.v1+json" }
          : await registries.headManifest(image),
    };
    const { wanted } = await played.refresh({ ports: { registries: lying } });
    expect(wanted.map(({ copy }) => copy.kind)).toEqual(["failed", "copied"]);
  });

  test("that moves on between the HEAD and the copy is copied by the digest of the HEAD, and again later", async () => {
    const played = await copiedWorld();
    const seen = played.move("acme/web", "1", "2");
    const { executions } = played.world.ports;
    const moving = {
      ...executions,
      start: async (...args: Parameters<typeof executions.start>) => {
        played.move("acme/web", "1", "3");
        return await executions.start(...args);
      },
    };
    const told = await played.refresh({ ports: { executions: moving } });
    expect(told.moved).toMatchObject([{ to: seen, copy: { kind: "copied" } }]);
    expect(await played.refresh()).toMatchObject({ moved: [{ copy: { kind: "copied" }, isNews: true }] });
    expect(await played.refresh()).toMatchObject({ moved: [] });
  });

  // biome-ignore format: a table is read by its columns
  const losses: readonly (readonly [what: string, status: number, code: string | undefined, runs: number])[] = [
    ["is gone (404)",                     404, "source-gone",       1],
    ["is refused (401): maybe deleted",   401, "source-refused",    1],
    ["is out of order once",              503, undefined,           1],
    ["is out of order three times",       503, "source-unreadable", 3],
    ["has a limit (429)",                 429, undefined,           4],
  ];
  for (const [what, status, code, runs] of losses)
    test(`that ${what} is reported ${code === undefined ? "as no loss" : `as ${code}, once, and when it is back`}`, async () => {
      const played = await copiedWorld();
      const lift = played.world.registries.dockerHub.fail({
        on: "manifest-head",
        as: { kind: "status", status, code: status === 404 ? "MANIFEST_UNKNOWN" : "UNAUTHORIZED" },
      });
      let told = await played.refresh();
      for (let run = 1; run < runs; run += 1) told = await played.refresh();
      expect(told.lost.map((one) => [one.code, one.isNews])).toEqual(
        code === undefined ? [] : [[code, true]],
      );
      if (code !== undefined) expect((await played.refresh()).lost).toMatchObject([{ code, isNews: false }]);
      expect(played.tagsOf(REPOSITORY)).not.toEqual([]);
      lift();
      expect((await played.refresh()).back).toHaveLength(code === undefined ? 0 : 1);
      expect((await played.refresh()).back).toEqual([]);
    });

  test("that does not answer is reported after three runs, and loses no copy", async () => {
    const played = await copiedWorld();
    const { registries } = played.world.ports;
    const silent = {
      ...registries,
      headManifest: async () => {
        throw new RegistryError("no answer", {
          kind: "unavailable",
          host: "docker.io",
          unanswered: "no-answer",
        });
      },
    };
    const codes: string[][] = [];
    for (let run = 0; run < 3; run += 1)
      codes.push((await played.refresh({ ports: { registries: silent } })).lost.map(({ code }) => code));
    expect(codes).toEqual([[], [], ["source-unreadable"]]);
    expect(played.copies()).toEqual(["copied"]);
  });

  test("that does not answer is asked about three wanted images, and the others wait for a later run", async () => {
    const tags = Array.from({ length: 30 }, (_, index) => `t${index}`);
    const played = await refreshWorld({}, { mirrors: { images: [{ image: "quay.io/acme/web", tags }] } });
    const { registries } = played.world.ports;
    let asked = 0;
    const headManifest = async () => {
      asked += 1;
      throw new RegistryError("no answer", {
        kind: "unavailable",
        host: "quay.io",
        unanswered: "no-answer",
      });
    };
    const told = await played.refresh({ ports: { registries: { ...registries, headManifest } } });
    expect([asked, told.wanted.filter(({ copy }) => copy.kind === "waiting").length]).toEqual([3, 28]);
  });

  test("that stops with a limit midway is not asked again in that run, and what was learned before is reported", async () => {
    const played = await copiedWorld();
    const { registries } = played.world.ports;
    const copies = Array.from({ length: 200 }, (_, index) => {
      const hex = String(index).padStart(12, "0").padEnd(64, "0");
      return { tag: `t${index}`, digest: `sha256:${hex}` as const, hex: hex.slice(0, 12) };
    });
    played.used = copies.map(({ tag }) => `acme/web:${tag}`);
    let asked = 0;
    const limiting = {
      ...registries,
      headManifest: async (image: Parameters<typeof registries.headManifest>[0]) => {
        asked += 1;
        if (asked > 50) throw new RegistryError("limit", { kind: "rate-limited", host: image.host });
        return copies.find(({ tag }) => tag === image.tag) ?? undefined;
      },
    };
    const told = await played.refresh({
      ports: {
        registries: limiting as unknown as typeof registries,
        store: {
          repositories: async () => [REPOSITORY],
          describe: async (name) => ({ name, source: "docker.io/acme/web", readers: "own-account" }),
          images: async () =>
            copies.map(({ tag, digest, hex }) => ({ digest, tags: [`${tag}-${hex}`], isActive: true })),
        },
      },
    });
    expect(asked).toBeGreaterThan(50);
    expect(asked).toBeLessThan(50 + 17);
    expect(told).toMatchObject({ tags: 200, heads: asked, unanswered: 150, lost: [], moved: [] });
    expect(told.wanted).toMatchObject([{ copy: { kind: "waiting", code: "rate-limited" } }]);
    expect(played.records.get(REPOSITORY)?.size).toBe(50);
  });

  test("that has lost a platform of the copies is reported with what is missing, and the old copy stays", async () => {
    const played = await copiedWorld({
      "docker.io": {
        images: {
          "acme/web:1": { kilobytes: 20 },
          "acme/web:arm": { kilobytes: 20, platforms: ["linux/arm64"] },
        },
      },
    });
    const before = played.tagsOf(REPOSITORY);
    played.move("acme/web", "1", "arm");
    expect(await played.refresh()).toMatchObject({ moved: [{ copy: { kind: "failed" }, images: [] }] });
    expect(played.tagsOf(REPOSITORY)).toEqual(expect.arrayContaining([...before]));
  });
});

describe("news", () => {
  test("that could not be published are news in the next run too", async () => {
    const played = await copiedWorld();
    played.world.registries.dockerHub.fail({
      on: "manifest-head",
      as: { kind: "status", status: 404, code: "MANIFEST_UNKNOWN" },
    });
    const silent = { publish: () => Promise.reject(new Error("no bus")) };
    await expect(played.refresh({ ports: silent })).rejects.toThrow("no bus");
    expect((await played.refresh()).lost).toMatchObject([{ code: "source-gone", isNews: true }]);
    expect((await played.refresh()).lost).toMatchObject([{ code: "source-gone", isNews: false }]);
  });

  test("with long names are published in events that the bus takes", () => {
    const by = `arn:aws:ecs:eu-west-1:123456789012:service/${"c".repeat(255)}/${"s".repeat(255)}`;
    const users = usersTold(Array.from({ length: 10 }, () => ({ place: "services" as const, by })));
    const lost = Array.from({ length: 50 }, (_, index) => ({
      code: "source-gone" as const,
      source: `a:${index}`,
      repository: "a",
      since: 0,
      isNews: true,
      users,
    }));
    const nothing = { moved: [], back: [], wanted: [], problems: [], unread: [] };
    const events = eventsOf({
      kind: "refreshed",
      tags: 50,
      heads: 50,
      unanswered: 0,
      ...nothing,
      lost,
    });
    expect(Math.max(...events.map((event) => JSON.stringify(event).length))).toBeLessThan(230_000);
    expect(events.flatMap((event) => (event as { news: readonly unknown[] }).news)).toEqual(lost);
  });

  test("of many sources are published fifty at a time, and nothing is where there are none", () => {
    const lost = Array.from({ length: 120 }, (_, index) => ({
      code: "source-gone" as const,
      source: `a:${index}`,
      repository: "a",
      since: 0,
      isNews: index < 101,
      users: usersTold(
        Array.from({ length: 900 }, (_, user) => ({ place: "tasks" as const, by: `task/${user}` })),
      ),
    }));
    const nothing = { moved: [], back: [], wanted: [], problems: [], unread: [] };
    const counts = { tags: 0, heads: 0, unanswered: 0 };
    const events = eventsOf({ kind: "refreshed", ...counts, ...nothing, lost });
    expect(events.map((event) => (event as { news: readonly unknown[] }).news.length)).toEqual([50, 50, 1]);
    expect(Math.max(...events.map((event) => JSON.stringify(event).length))).toBeLessThan(200_000);
    expect(eventsOf({ kind: "refreshed", ...counts, ...nothing, lost: [] })).toEqual([]);
    expect(eventsOf({ kind: "dry-run", ...counts, ...nothing, lost })).toEqual([]);
  });
});

describe("two refreshes at once", () => {
  test("work one after the other: the second learns that another is at work", async () => {
    const played = await copiedWorld();
    played.move("acme/web", "1", "2");
    const both = await Promise.all([played.refresh({ run: "a" }), played.refresh({ run: "b" })]);
    expect(both.map(({ kind }) => kind).toSorted()).toEqual(["locked", "refreshed"]);
    expect(played.copies()).toEqual(["copied", "copied"]);
  });

  test("of two stacks make one copy of what both need", async () => {
    const played = await copiedWorld();
    played.move("acme/web", "1", "2");
    const free = { lock: async () => async () => {} };
    const records = {
      ...free,
      read: async () => ({ sources: new Map(), known: new Map() }),
      writeSources: async () => {},
      writeKnown: async () => {},
    };
    const both = await Promise.all([
      played.refresh({ run: "a", ports: { records } }),
      played.refresh({ run: "b", ports: { records } }),
    ]);
    expect(both.flatMap(({ moved }) => moved.map(({ copy }) => copy.kind))).toEqual(["copied", "copied"]);
    expect(played.copies()).toEqual(["copied", "copied"]);
  });
});

describe("a copy's tag", () => {
  test("that another caller has written with other bytes is left as it is, and the refresh goes on", async () => {
    const played = await copiedWorld();
    const to = played.move("acme/web", "1", "2");
    const index = played.world.registries.dockerHub.manifest("acme/web", to);
    const [child] = (
      JSON.parse(Buffer.from(index?.bytes ?? "{}").toString()) as { manifests: { digest: string }[] }
    ).manifests;
    const tag = `1-${child?.digest.slice(7, 19)}`;
    const { ecr } = played.world.registries;
    const [old] = ecr.digests(REPOSITORY);
    const bytes = ecr.manifest(REPOSITORY, old ?? "")?.bytes ?? Buffer.from("{}");
    const mediaType = ecr.manifest(REPOSITORY, old ?? "")?.mediaType ?? "";
    const foreign = ecr.putManifest(REPOSITORY, bytes, mediaType, tag);
    const told = await played.refresh();
    expect(told.moved).toMatchObject([{ copy: { kind: "failed" }, images: [] }]);
    expect(ecr.tags(REPOSITORY)[tag]).toBe(foreign);
  });
});
