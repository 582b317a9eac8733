import { describe, expect, test } from "vitest";
import { sameRevision } from "../../../src/ecs/arn.ts";
import { optional } from "../../../src/ecs/json-fields.ts";
import { toTags } from "../../../src/ecs/task-definition/provenance-tags.ts";
import type { Digest } from "../../../src/image/digest.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import type { Ports } from "../../../src/remediation/ports/ports.ts";
import { countRecentSubstitutions, loopGuardReason } from "../../../src/remediation/survey/loop-guard.ts";
import type { ImageFacts } from "../../../src/substitution/plan-types.ts";

const MINUTE = 60_000;
const NOW = Date.parse("2026-01-20T10:00:00Z");
const DIGEST = `sha256:${"a".repeat(64)}` as const;
const arn = (revision: number): string =>
  `arn:aws:ecs:us-east-1:123456789012:task-definition/web:${revision}`;
const [MEANT, MOVED] = [`sha256:${"b".repeat(64)}`, `sha256:${"c".repeat(64)}`] as const;
const trusted = { digest: MEANT, from: "origin" } as const;
const images: readonly ImageFacts[] = [
  { image: "nginx:1.25", containers: ["web"], failing: true, trusted, probedCandidates: [] },
  { image: "redis:7", containers: ["cache"], failing: false, probedCandidates: [] },
];

type Revision = {
  readonly number: number;
  readonly for: string;
  readonly by?: string;
  readonly ago: number;
  readonly image?: string;
  readonly service?: string;
  /** What the image meant then. */
  readonly meant?: Digest;
  /** What was put in its place. */
  readonly digest?: Digest;
};

const CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/prod";

const tagsOf = ({
  for: former,
  by: execution = "r-0ther-1",
  image = "nginx:1.25",
  service = "prod/web",
  meant,
  digest = DIGEST,
}: Revision) =>
  toTags({
    execution,
    previousRevision: former,
    service,
    images: image === "" ? [] : [{ image, digest, ...optional("trusted", meant) }],
  });

/** @param refused deployments may not be read, so the family's newest revisions are all that is left */
const ports = (revisions: readonly Revision[], refused = false): Pick<Ports, "ecs" | "clock"> =>
  ({
    clock: { now: () => NOW },
    ecs: {
      listServiceDeployments: async () => {
        if (refused) throw new AwsError("denied", "ecs:ListServiceDeployments", "not authorized");
        return revisions.map(({ number, ago }) => ({
          arn: `deployment/${number}`,
          revision: `revision/${number}`,
          status: "STOPPED",
          createdAt: NOW - ago * MINUTE,
        }));
      },
      describeServiceRevisions: async () =>
        revisions.map(({ number }) => ({
          arn: `revision/${number}`,
          taskDefinition: arn(number),
          images: [],
        })),
      newestRevisions: async (_: string, count: number) =>
        revisions.slice(0, count).map((one) => ({ arn: arn(one.number), tags: tagsOf(one) })),
      describeTaskDefinition: async (name: string) => {
        const found = revisions.find(({ number }) => sameRevision(arn(number), name));
        return {
          taskDefinition: { registeredAt: (NOW - (found?.ago ?? 0) * MINUTE) / 1000 },
          tags: found === undefined ? [] : tagsOf(found),
        };
      },
    },
  }) as unknown as Pick<Ports, "ecs" | "clock">;

const ask = (revisions: readonly Revision[], former = 42, refused = false) =>
  countRecentSubstitutions(
    {
      clusterArn: CLUSTER,
      service: "web",
      family: "web",
      former: arn(former),
      images,
      execution: "r-mine-2",
      tags: revisions.filter(({ number }) => number === former).flatMap(tagsOf),
    },
    ports(revisions, refused),
  );

describe("what was tried before", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, number, readonly Revision[], RegExp | undefined])[] = [
    ["nothing",                                          42, [],                                                                                  undefined],
    ["another attempt at the same deployment",           42, [{ number: 43, for: "web:42", by: "r-mine-1", ago: 5 }],                             undefined],
    ["another service of the same family",               42, [{ number: 43, for: "web:42", service: "prod/shop", ago: 5 }],                       undefined],
    ["the service of that name in another cluster",      42, [{ number: 43, for: "web:42", service: "test/web", ago: 5 }],                        undefined],
    ["another image",                                    42, [{ number: 43, for: "web:42", image: "redis:7", ago: 5 }],                           undefined],
    ["a copy of the former, made to go back to it",      42, [{ number: 43, for: "web:42", image: "", ago: 5 }],                                  undefined],
    ["the service came back a moment ago",               42, [{ number: 43, for: "web:42", ago: 5 }],                                             /came back to web:42 .* 5 minutes ago: Repull tries no other within the hour/],
    ["the former came back as a copy",             44, [{ number: 44, for: "web:42", image: "", ago: 4 }, { number: 43, for: "web:42", ago: 5 }], /came back to web:44 .* 5 minutes ago/],
    ["the former came back as a copy of its copy",   46, [{ number: 46, for: "web:44", image: "", ago: 3 }, { number: 44, for: "web:42", image: "", ago: 4 }, { number: 43, for: "web:42", ago: 5 }], /came back to web:46 .* 5 minutes ago/],
    ["copies that name each other as their former",      46, [{ number: 46, for: "web:44", image: "", ago: 3 }, { number: 44, for: "web:46", image: "", ago: 4 }, { number: 43, for: "web:42", ago: 5 }], undefined],
    ["the service came back more than an hour ago",      42, [{ number: 43, for: "web:42", ago: 61 }],                                            undefined],
    ["the former came back twice",                               42, [{ number: 44, for: "web:42", ago: 90 }, { number: 43, for: "web:42", ago: 200 }],   /2 substitutes for web:42 did not last/],
    ["the former came back twice, long ago",                     42, [{ number: 44, for: "web:42", ago: 400 }, { number: 43, for: "web:42", ago: 900 }],  undefined],
    ["the tag has moved since: it is another image",     42, [{ number: 43, for: "web:42", meant: MOVED, ago: 5 }],                                undefined],
    ["the tag means what it meant",                      42, [{ number: 43, for: "web:42", meant: MEANT, ago: 5 }],                                /came back to web:42/],
    ["a manifest that ran then as a part of the index",     42, [{ number: 43, for: "web:42", meant: MOVED, digest: MEANT, ago: 5 }],                 /came back to web:42/],
    ["a later deploy brought the image back",            44, [{ number: 43, for: "web:42", ago: 5 }],                                             undefined],
    ["later deployments did so again and again",             60, [43, 45, 47, 49, 51, 53].map((number) => ({ number, for: `web:${number - 1}`, ago: 5 })), /6 substitutes were replaced by later deployments/],
  ];
  for (const [because, former, revisions, expected] of table) {
    test(`${because}: ${expected === undefined ? "is tried" : "is not tried"}`, async () => {
      for (const refused of [false, true]) {
        const why = loopGuardReason(await ask(revisions, former, refused), arn(former));
        if (expected === undefined) expect(why).toBeUndefined();
        else expect(why).toMatch(expected);
      }
    });
  }

  test("counts a service's own substitutes behind thirty that neighbours of its family registered since", async () => {
    const neighbours = Array.from({ length: 30 }, (_, index) => ({
      number: 99 - index,
      for: "web:42",
      service: `prod/web-${index}`,
      ago: 1,
    }));
    const own = [44, 43].map((number) => ({ number, for: "web:42", ago: 90 }));
    expect(await ask([...neighbours, ...own])).toMatchObject({ sameRevision6h: 2, sameRevision24h: 2 });
  });

  test("by a later deploy names the substitute that it undid", async () => {
    expect(await ask([{ number: 43, for: "web:42", ago: 5 }], 44)).toMatchObject({
      revertedSubstitute: "web:43",
    });
    expect(await ask([{ number: 43, for: "web:42", ago: 5 }], 42)).not.toHaveProperty("broughtBack");
  });
});
