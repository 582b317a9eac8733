/**
 * Worlds for the ladder: what exists, what is limited, what the tasks' role may do; against the place that wins first,
 * how it ends, and why each other place lost.
 */

import { describe, expect, test } from "vitest";
import type { Digest } from "../../src/image/digest.ts";
import { printPlatform, readPlatform } from "../../src/image/platform.ts";
import type { World, WorldOptions } from "../../src/sandbox/world/world.ts";
import type { Plan, RejectedCandidate } from "../../src/substitution/plan-types.ts";
import type { StrategyName } from "../../src/substitution/strategy-name.ts";
import type { SaidPolicy } from "./policy.ts";
import { ENGINES, type Engine, inOfficialEnvironment, play, stateOf } from "./scenario.ts";

export const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
export const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub";
export const NGINX = "docker.io/library/nginx:1.25";
export const PREFECT = "docker.io/prefecthq/prefect:3";

export type Parts = {
  readonly service?: object;
  readonly hub?: object;
  readonly ecr?: object;
  readonly open?: object;
  readonly more?: object;
  readonly registries?: object;
};

/** A service on an image of Docker Hub, whose limit is reached for its tasks. */
export function world({
  service = {},
  hub = {},
  ecr = {},
  open = {},
  more = {},
  registries = {},
}: Parts): object {
  return {
    services: [{ cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, ...service }],
    registries: {
      "docker.io": {
        images: { "library/nginx:1.25": {}, "prefecthq/prefect:3": {} },
        quota: { remaining: 0 },
        accounts: { shop: { password: "right" }, spent: { password: "right", remaining: 0 } },
        ...hub,
      },
      ecr,
      "public.ecr.aws": open,
      ...registries,
    },
    ...more,
  };
}

export const same = (path: string, of = NGINX, extra: object = {}) => ({
  images: { [path]: { sameAs: of, ...extra } },
});
export const rule = (extra: object = {}) => ({
  pullThrough: [{ prefix: "hub", upstream: "docker.io", account: "shop", ...extra }],
});
export const prefect = { image: "prefecthq/prefect:3" };
export const denied = (...actions: string[]) => ({ roles: { "web-execution": { denied: actions } } });
export const refused = (action: string) => ({ refusals: [{ action, kind: "denied" }] });
export const signedUp = { secrets: { [SECRET]: { username: "shop", password: "right" } } };
export const signedUpUnderOwnKey = {
  secrets: {
    [SECRET]: { username: "shop", password: "right", kmsKey: "arn:aws:kms:us-east-1:123456789012:key/1" },
  },
};
/** Repull's own address has no pulls left either. */
export const dry = { quota: { remaining: 0, remainingForRepull: 0 } };

/** A HEAD is refused too once no pulls remain: which of both Docker Hub does is unmeasured. */
export const silentHub: WorldOptions = { registryWays: { "docker-hub": { headAtZero: "refuses" } } };

export const daemon = { ...prefect, launchType: "EC2", schedulingStrategy: "DAEMON", desiredCount: 2 };
export const machines = (...architectures: string[]) => ({
  machines: { prod: architectures.map((architecture) => ({ architecture })) },
});
const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/s390x"];
export const threePlatforms = { images: { "prefecthq/prefect:3": { platforms: PLATFORMS } } };

export const QUAY = "quay.io/shop/api:7";
export const quayService = { image: QUAY };
export const quay = { "quay.io": { images: { "shop/api:7": {} }, quota: { remaining: 0 } } };
export const countingQuay: WorldOptions = { registryWays: { plain: { counts: true } } };

export type Row = {
  readonly because: string;
  readonly world: object;
  readonly policy?: SaidPolicy;
  readonly options?: WorldOptions;
  /** Strategies that won, plan after plan; and how it ended. */
  readonly wins: string;
  /** Strategy → the code of why it lost, where that is not `USUAL`. */
  readonly loses?: Readonly<Partial<Record<StrategyName, string>>>;
  readonly runs?: RegExp;
  /** The platforms of which ECR holds the image at the end. */
  readonly copies?: readonly string[];
};

/** Why a place loses in any world that does not say otherwise. */
const USUAL: Readonly<Record<StrategyName, readonly string[]>> = {
  "ecr-copy": ["absent", "no-digest"],
  "pull-through-cache": ["no-cache-rule"],
  "ecr-public": ["not-published", "absent"],
  mirror: ["absent", "rate-limited"],
  "authenticated-pull": ["no-account", "other-registry"],
};

/** `check-failed role ecr:BatchGetImage`: a check says which one it was, and which permission is missing. */
function reasonOf({ code, checks = [] }: RejectedCandidate): string {
  const failed = checks.find(({ result }) => result === "failed");
  if (code !== "check-failed" || failed === undefined) return code;
  return [code, failed.what, failed.code ?? failed.lacks?.actions[0]].filter(Boolean).join(" ");
}

/** Plays each world on our engines, and on AWS's own, which is slow, the first of each strategy. */
export function playWorlds(about: string, table: readonly Row[]): void {
  const ways = table.filter(({ wins }, index) => table.findIndex((row) => row.wins === wins) === index);
  for (const engine of ENGINES) {
    const rows = engine === "official" ? ways : table;
    describe(`${about}, on the ${engine} engine`, () => {
      if (engine === "official") inOfficialEnvironment();
      playWorldsOn(engine, rows);
    });
  }
}

function playWorldsOn(engine: Engine, table: readonly Row[]): void {
  for (const row of table) {
    test(`${row.because}: ${row.wins}`, async () => {
      const plans: Plan[] = [];
      const scenario = {
        world: row.world,
        // What is found is looked for here, not what comes of waiting.
        policy: { waitForLimit: false, ...row.policy },
        ...(row.options === undefined ? {} : { options: row.options }),
        onPlan: (plan: Plan) => void plans.push(plan),
      };
      const { world, outcome } = await play(scenario, engine);
      // An execution that crashed and runs again reports each plan again, word for word.
      const told = new Map(plans.map((plan) => [JSON.stringify(plan), plan]));
      const winners = [...told.values()]
        .map(({ images }) => images[0]?.substitute?.candidate.strategy ?? "nothing")
        // Where a registry did not answer, it is asked again after a while.
        .filter((winner, index, all) => winner !== "nothing" || all[index - 1] !== "nothing");
      expect(`${winners.join(", ")}: ${outcome.outcome}`, outcome.because).toBe(row.wins);

      const reasons = [...told.values()].flatMap(({ images }) => [
        ...(images[0]?.rejected ?? []).map((one) => [one.candidate.strategy, reasonOf(one)] as const),
        ...(images[0]?.notApplicable ?? []).map(({ strategy, code }) => [strategy, code] as const),
      ]);
      for (const expected of Object.entries(row.loses ?? {})) expect(reasons).toContainEqual(expected);
      // No place loses for an unexpected reason.
      const unexpected = reasons.filter(
        ([name, code]) => row.loses?.[name] !== code && !USUAL[name].includes(code),
      );
      expect(unexpected, "losers without an expected reason").toEqual([]);
      const { images, running, service } = await stateOf(world, "prod", "web");
      if (row.runs !== undefined) expect(images[0]).toMatch(row.runs);
      if (outcome.outcome === "succeeded") expect(running).toBe(service.desiredCount);
      if (row.copies !== undefined) expect(copiedPlatforms(world)).toEqual(row.copies);
    });
  }
}

/** The platforms of the origin's image whose manifests the copy's repository holds. */
function copiedPlatforms({ registries }: World): readonly string[] {
  const index = registries.dockerHub.manifest("prefecthq/prefect", "3");
  const { manifests } = JSON.parse(Buffer.from(index?.bytes ?? []).toString()) as {
    manifests: readonly { digest: Digest; platform: unknown }[];
  };
  return manifests
    .filter(({ digest }) => registries.ecr.manifest("repull/docker.io/prefecthq/prefect", digest))
    .map(({ platform: stated }) => {
      const platform = readPlatform(stated);
      return platform === undefined ? "no platform" : printPlatform(platform);
    });
}
