/** `repull scan --profile a,b,c`: accounts behind one address, distinguished by their keys, of which some cannot be read. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AccountsFront, openAccountsFront } from "../support/accounts-front.ts";
import { linesOf, repull, type Said } from "./command.ts";
import type { Document } from "./documents.ts";

const SHOP = "111111111111";
const BANK = "222222222222";
/** Profile → its key. */
// biome-ignore format: a table is read by its columns
const KEYS = {
  shop:    "AKIDSHOP",
  again:   "AKIDAGAIN",
  bank:    "AKIDBANK",
  expired: "AKIDEXPIRED",
  foreign: "AKIDFOREIGN",
} as const;
const CONFIG = Object.entries(KEYS)
  .map(
    ([name, key]) =>
      `[profile ${name}]\nregion = us-east-1\naws_access_key_id = ${key}\naws_secret_access_key = secret\n`,
  )
  .join("");
/** Both have a cluster and a service of the same name. */
const web = (image: string, desiredCount: number) => ({ name: "web", cluster: "prod", image, desiredCount });
const registries = { "docker.io": { images: { "library/nginx:1.25": {}, "library/redis:7": {} } } };
const FILES = [
  { account: SHOP, registries, services: [web("nginx:1.25", 3)] },
  {
    account: BANK,
    registries,
    services: [web("redis:7", 2)],
    refusals: [
      { action: "ecs:ListClusters", kind: "throttled", times: 2 },
      { action: "scheduler:ListSchedules", kind: "denied" },
    ],
  },
] as const;

let front: AccountsFront;

beforeAll(async () => {
  const at = { [KEYS.shop]: 0, [KEYS.again]: 0, [KEYS.bank]: 1 };
  front = await openAccountsFront(FILES, at, ({ key }) => (key === KEYS.expired ? EXPIRED : undefined));
});
afterAll(() => front.close());

const EXPIRED = {
  status: 403,
  body: "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>no</Message></Error></ErrorResponse>",
};

function scan(profiles: string, ...flags: readonly string[]): Promise<Said> {
  const environment = {
    AWS_CONFIG_FILE: "config",
    AWS_SHARED_CREDENTIALS_FILE: "none",
    AWS_REGION: "",
    AWS_ENDPOINT_URL: front.url,
  };
  return repull(["scan", "--no-stack", "--profile", profiles, ...flags], {
    environment,
    files: { config: CONFIG },
  });
}

const ofType = (lines: readonly Document[], type: string) => lines.filter((line) => line.type === type);

describe("repull scan of several profiles", () => {
  it("distinguishes two services of the same name and cluster by their accounts", async () => {
    const { out, status } = await scan("shop,bank", "--json");
    const lines = linesOf(out);
    expect(
      ofType(lines, "scan").map(({ account, profile, cluster, name }) => [account, profile, cluster, name]),
    ).toEqual([
      [SHOP, "shop", "prod", "web"],
      [BANK, "bank", "prod", "web"],
    ]);
    const [summary = {}] = ofType(lines, "summary");
    expect(summary).toMatchObject({
      services: 2,
      accounts: [
        { profile: "shop", account: SHOP },
        { profile: "bank", account: BANK },
      ],
      imageChanges: [
        { image: "nginx:1.25", workloads: [`${SHOP}/us-east-1/prod/web`] },
        { image: "redis:7", workloads: [`${BANK}/us-east-1/prod/web`] },
      ],
    });
    expect(status).toBe(0);
  });

  it("names the account with what could not be read in it", async () => {
    const [summary = {}] = ofType(linesOf((await scan("shop,bank", "--json")).out), "summary");
    expect((summary.gaps as readonly string[]).map((gap) => gap.split(":")[0])).toEqual([
      `${BANK} us-east-1`,
    ]);
  });

  it("scans the others when the credentials of one have expired, and ends with 5", async () => {
    const { out, err, status } = await scan("expired,shop", "--json");
    const lines = linesOf(out);
    expect(ofType(lines, "error")).toMatchObject([{ code: "aws-denied", profile: "expired" }]);
    expect(ofType(lines, "scan").map(({ account }) => account)).toEqual([SHOP]);
    expect(status, err).toBe(5);
  });

  // biome-ignore format: a table is read by its columns
  for (const [profiles, status] of [
    ["expired,foreign", 4],
    ["expired,nowhere", 5],
  ] as const)
    it(`ends with ${status} when none of ${profiles} could be read`, async () => {
      const { out, status: ended } = await scan(profiles, "--json");
      expect({ ended, types: linesOf(out).map(({ type }) => type) }).toEqual({
        ended: status,
        types: ["error", "error"],
      });
    });

  it("asks no account when the folder of its report is not there: the answers would be lost", async () => {
    const before = front.requests();
    const { status } = await scan("shop,bank", "--html", "nowhere/report.html");
    expect([status, front.requests() - before]).toEqual([2, 0]);
  });

  it("counts an account once when two profiles lead there", async () => {
    const [summary = {}] = ofType(linesOf((await scan("shop,again", "--json")).out), "summary");
    expect(summary).toMatchObject({ services: 1, accounts: [{ profile: "shop" }] });
  });

  it("shows the account of each workload, and names the next command with its profile", async () => {
    const { out } = await scan("shop,bank");
    expect(out).toMatch(new RegExp(`^ *${SHOP} us-east-1 +prod/web +nginx:1\\.25 `, "m"));
    expect(out).toMatch(
      /^next: repull plan web --cluster prod --profile shop --region us-east-1 --no-stack$/m,
    );
  });

  it("prints the roles of all accounts in one list, as a StackSet's parameter takes them", async () => {
    const { out } = await scan("shop,bank", "--roles");
    expect([SHOP, BANK].map((account) => out.includes(`:${account}:role/`))).toEqual([true, true]);
    expect(out.trim().split("\n")).toHaveLength(1);
  });

  // biome-ignore format: a table is read by its columns
  for (const [profiles, ...flags] of [
    ["shop,,bank"],
    ["shop,bank", "--starts"],
    ["shop,bank", "--cluster", `arn:aws:ecs:us-east-1:${SHOP}:cluster/prod`],
  ] as const)
    it(`is a wrong call as: --profile ${profiles} ${flags.join(" ")}`, async () => {
      expect((await scan(profiles, ...flags)).status).toBe(2);
    });
});
