/**
 * A table of worlds: what exists, what is limited, what the tasks' role may do; against the place that wins first, how
 * it ends, and why each other place lost.
 */

import { describe, expect, test } from "vitest";
import type { Plan } from "../../src/substitution/planner.ts";
import type { Policy } from "../../src/substitution/policy.ts";
import { play, stateOf } from "../support/scenario.ts";

const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub";
const NGINX = "docker.io/library/nginx:1.25";
const PREFECT = "docker.io/prefecthq/prefect:3";

type Parts = {
  readonly service?: object;
  readonly hub?: object;
  readonly ecr?: object;
  readonly open?: object;
  readonly more?: object;
  readonly registries?: object;
};

/** A service on an image of Docker Hub, whose limit is reached for its tasks. */
function world({ service = {}, hub = {}, ecr = {}, open = {}, more = {}, registries = {} }: Parts): object {
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

const same = (path: string, of = NGINX, extra: object = {}) => ({
  images: { [path]: { sameAs: of, ...extra } },
});
const rule = (extra: object = {}) => ({
  pullThrough: [{ prefix: "hub", upstream: "docker.io", account: "shop", ...extra }],
});
const prefect = { image: "prefecthq/prefect:3" };
const denied = (...actions: string[]) => ({ roles: { "web-execution": { denied: actions } } });
const refused = (action: string) => ({ refusals: [{ action, kind: "denied" }] });
const signedUp = { secrets: { [SECRET]: { username: "shop", password: "right" } } };
const cannotCopy = { more: {}, hub: { quota: { remaining: 0, remainingForRepull: 0 } } };

type Row = {
  readonly because: string;
  readonly world: object;
  readonly policy?: Partial<Policy>;
  /** Strategies that won, plan after plan; and how it ended. */
  readonly wins: string;
  /** Strategy → why it did not win the first plan in which it lost. */
  readonly loses?: Readonly<Record<string, RegExp>>;
  readonly runs?: RegExp;
};

const table: readonly Row[] = [
  {
    because: "a rule fills its cache before the service is touched",
    world: world({ service: prefect, more: rule() }),
    wins: "pull-through, pull-through: settled",
    loses: { "own-copy": /no copy of it is there/ },
    runs: new RegExp(`^${ECR}/hub/prefecthq/prefect@sha256:`),
  },
  {
    because: "an official image is under library/ in the cache",
    world: world({ more: rule() }),
    wins: "pull-through, pull-through: settled",
    runs: new RegExp(`^${ECR}/hub/library/nginx@sha256:`),
  },
  {
    because: "a rule at the root has no prefix",
    world: world({ service: prefect, more: rule({ prefix: "ROOT" }) }),
    wins: "pull-through, pull-through: settled",
    runs: new RegExp(`^${ECR}/prefecthq/prefect@sha256:`),
  },
  {
    because: "a rule may lead to one namespace only",
    world: world({
      service: prefect,
      more: rule({ prefix: "hub/prefect", upstreamPrefix: "prefecthq" }),
    }),
    wins: "pull-through, pull-through: settled",
    runs: new RegExp(`^${ECR}/hub/prefect/prefect@sha256:`),
  },
  {
    because: "a rule for another namespace is no way",
    world: world({ service: prefect, more: rule({ upstreamPrefix: "library" }) }),
    wins: "fresh-mirror, own-copy: settled",
    loses: { "pull-through": /the rule hub leads to docker\.io\/library\/ only/ },
  },
  {
    because: "a rule whose secret is known to be wrong is passed over",
    world: world({ service: prefect, more: rule({ secretIsWrong: true }) }),
    wins: "fresh-mirror, own-copy: settled",
    loses: { "pull-through": /finds the rule hub wanting: the upstream refuses its secret/ },
  },
  {
    because: "a wrong secret that nobody may ask about shows when the cache is filled, and the next place has its turn",
    world: world({
      service: prefect,
      more: { ...rule({ secretIsWrong: true }), ...refused("ecr:ValidatePullThroughCacheRule") },
    }),
    wins: "pull-through, fresh-mirror, own-copy: settled",
    loses: { "pull-through": /could not fetch it from docker\.io: the upstream refuses the rule's secret/ },
  },
  {
    because: "the limit of the rule's own account is a reason, and the next place's turn",
    world: world({ service: prefect, more: rule({ account: "spent" }) }),
    wins: "pull-through, fresh-mirror, own-copy: settled",
    loses: { "pull-through": /the upstream's limit is reached for the rule's account/ },
  },
  {
    because: "rules that may not be read are no rules",
    world: world({ service: prefect, more: { ...rule(), ...refused("ecr:DescribePullThroughCacheRules") } }),
    wins: "fresh-mirror, own-copy: settled",
    loses: { "pull-through": /the account's rules cannot be read/ },
  },
  {
    because: "what is cached whole needs no filling",
    world: world({
      service: prefect,
      ecr: same("hub/prefecthq/prefect:3", PREFECT),
      more: rule({ account: "spent" }),
    }),
    wins: "pull-through: settled",
    runs: new RegExp(`^${ECR}/hub/prefecthq/prefect@sha256:`),
  },
];

describe("the ladder", () => {
  for (const row of table) {
    test(`${row.because}: ${row.wins}`, async () => {
      const plans: Plan[] = [];
      const { world, outcome } = await play({
        world: row.world,
        ...(row.policy === undefined ? {} : { policy: row.policy }),
        onPlan: (plan) => void plans.push(plan),
      });
      const winners = plans.map(({ images }) => images[0]?.winner?.candidate.strategy ?? "nothing");
      expect(`${winners.join(", ")}: ${outcome.outcome}`, outcome.because).toBe(row.wins);

      for (const [strategy, reason] of Object.entries(row.loses ?? {})) {
        const reasons = plans.flatMap(({ images }) => [
          ...(images[0]?.losers ?? []).filter(({ candidate }) => candidate.strategy === strategy),
          ...(images[0]?.notOffered ?? []).filter((one) => one.strategy === strategy),
        ]);
        expect(reasons.map(({ because }) => because).join("\n"), strategy).toMatch(reason);
      }
      const { images, running, service } = await stateOf(world, "prod", "web");
      if (row.runs !== undefined) expect(images[0]).toMatch(row.runs);
      if (outcome.outcome === "settled") expect(running).toBe(service.desiredCount);
    });
  }
});
