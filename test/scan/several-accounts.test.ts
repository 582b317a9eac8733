/** Scans of several accounts as one: shared addresses, names that two accounts have, and changes that are an account's own. */

import { describe, expect, test } from "vitest";
import { countsOf } from "../../src/cli/scan/format-scan.ts";
import type { Egress } from "../../src/network/egress.ts";
import type { Exposure } from "../../src/scan/exposure.ts";
import type { LikelySubstitute } from "../../src/scan/likely-substitutes.ts";
import type { ReadAccount } from "../../src/scan/scan.ts";
import { joinAccounts } from "../../src/scan/several-accounts.ts";

const [SHOP, BANK] = ["111111111111", "222222222222"];
const NAT: Egress = { kind: "nat", id: "nat-1", addresses: ["203.0.113.10"] };
const DIRECT: Egress = { kind: "internet-gateway" };
const PUBLIC: LikelySubstitute = {
  strategy: "ecr-public",
  place: "public.ecr.aws/docker/library/nginx:1.27",
  because: "a twin",
};
const copyIn = (account: string): LikelySubstitute => ({
  strategy: "ecr-copy",
  place: `${account}.dkr.ecr.us-east-1.amazonaws.com/repull/docker.io/library/nginx:1.27`,
  because: "a copy",
});

type Given = {
  readonly account?: string;
  readonly region?: string;
  readonly starts: number;
  readonly to?: LikelySubstitute;
  readonly egress?: Egress;
  /** Pulled by the cluster's hosts, each with an address of its own. */
  readonly hosts?: readonly string[];
  readonly gaps?: readonly string[];
};

function readOf(given: Given) {
  const { account = SHOP, region = "us-east-1", starts, to = PUBLIC, egress = NAT, hosts, gaps = [] } = given;
  const exposure: Exposure = {
    kind: "service",
    cluster: "prod",
    name: "web",
    expectedStarts: starts,
    images: [
      {
        image: "nginx:1.27",
        containers: ["app"],
        pulledAs: "anonymous",
        first: to,
        rejected: [],
      },
    ],
    anonymousPulls: starts,
    accountPulls: 0,
    pulledBy: hosts === undefined ? "task" : "host",
    ...(hosts === undefined ? { network: { subnets: ["subnet-a"], assignPublicIp: false } } : {}),
    roles: [],
  };
  const read: ReadAccount = {
    clusters: 1,
    services: 1,
    schedules: 0,
    standaloneTasks: 0,
    taskDefinitions: 1,
    exposures: [exposure],
    ways: {
      ofSubnets: new Map([["subnet-a", egress]]),
      hosts: new Map(
        hosts === undefined
          ? []
          : [["prod", hosts.map((publicAddress) => ({ subnet: "subnet-a", publicAddress }))]],
      ),
    },
    gaps,
  };
  return { place: { profile: account, account, region }, read };
}

const join = (...given: readonly Given[]) => joinAccounts(given.map(readOf));

describe("addresses of several accounts", () => {
  test("are one where both leave by the same gateway: the limit counts their pulls together", () => {
    const { addresses } = join({ starts: 60 }, { account: BANK, starts: 50 });
    expect(addresses).toMatchObject([{ kind: "nat", workloads: 2, pulls: 110, pullsPerAddress: 110 }]);
  });

  test("are two where the way is not seen, though the clusters have one name", () => {
    const other: Egress = { kind: "other", id: "tgw-1" };
    const { addresses } = join({ starts: 60, egress: other }, { account: BANK, starts: 50, egress: other });
    expect(addresses.map(({ pulls }) => pulls)).toEqual([60, 50]);
  });

  test("are those of the account's own hosts, though another has a cluster of the name", () => {
    const { addresses } = join(
      { starts: 60, egress: DIRECT, hosts: ["198.51.100.1", "198.51.100.2"] },
      { account: BANK, starts: 50, egress: DIRECT, hosts: ["198.51.100.9"] },
    );
    expect(addresses.map(({ pullsPerAddress }) => pullsPerAddress).toSorted()).toEqual([30, 50]);
  });

  test("are two for two regions of one account", () => {
    const other: Egress = { kind: "other", id: "tgw-1" };
    const { addresses } = join(
      { starts: 60, egress: other },
      { region: "eu-west-1", starts: 50, egress: other },
    );
    expect(addresses).toHaveLength(2);
  });
});

describe("the images to change in several accounts", () => {
  test("are one where the new place is public", () => {
    const { imageChanges } = join({ starts: 60 }, { account: BANK, starts: 50 });
    expect(imageChanges).toMatchObject([{ image: "nginx:1.27", pulls: 110, busiestAddressAfter: 0 }]);
    expect(imageChanges[0]?.workloads).toEqual([`${SHOP}/us-east-1/prod/web`, `${BANK}/us-east-1/prod/web`]);
  });

  test("are each account's own where the new place is its ECR", () => {
    const { imageChanges } = join(
      { starts: 60, to: copyIn(SHOP) },
      { account: BANK, starts: 50, to: copyIn(BANK) },
    );
    expect(
      imageChanges.map(({ image, to, pulls, busiestAddressAfter }) => [
        image,
        to?.place,
        pulls,
        busiestAddressAfter,
      ]),
    ).toEqual([
      ["nginx:1.27", copyIn(SHOP).place, 60, 50],
      ["nginx:1.27", copyIn(BANK).place, 50, 0],
    ]);
  });
});

describe("the images to change in accounts and a cluster", () => {
  /** A cluster whose index has the copy in one account's ECR. */
  function clusterOf(starts: number) {
    const { read } = readOf({ starts, to: copyIn(SHOP) });
    const exposures = read.exposures.map((one) => ({ ...one, kind: "pod" as const, cluster: "blue" }));
    return { place: { kubernetes: "blue" }, read: { ...read, exposures } };
  }

  test("are the cluster's own where its new place is an ECR, which no account may pull from by chance", () => {
    const { imageChanges } = joinAccounts([readOf({ account: BANK, starts: 5 }), clusterOf(60)], true);
    expect(imageChanges.map(({ to, workloads }) => [to?.place, workloads])).toEqual([
      [copyIn(SHOP).place, ["blue/web"]],
      [PUBLIC.place, [`${BANK}/us-east-1/prod/web`]],
    ]);
  });

  // biome-ignore format: a table is read by its columns
  for (const [what, reads, counted, left] of [
    ["the cluster", [readOf({ starts: 5 })], /service/, /pod/],
    ["the account", [clusterOf(5)],          /pod/,     /service/],
  ] as const)
    test(`are counted without ${what} when it could not be read: it is not an empty one`, () => {
      const words = countsOf(joinAccounts(reads, true));
      expect([counted.test(words), left.test(words)]).toEqual([true, false]);
    });
});

test("what could not be read is reported with its account", () => {
  const { gaps } = join({ starts: 1 }, { account: BANK, starts: 1, gaps: ["rules: no"] });
  expect(gaps).toEqual([`${BANK} us-east-1: rules: no`]);
});
