/** `repull scan --organization`: which accounts are read, by which credentials, and what becomes of one that cannot be. */

import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type AccountsFront,
  type Answered,
  type Asked,
  openAccountsFront,
} from "../support/accounts-front.ts";
import { linesOf, repull, type Said } from "./command.ts";
import type { Document } from "./documents.ts";

const [MANAGEMENT, SHOP, BANK, CLOSED, OTHER] = [
  "111111111111",
  "222222222222",
  "333333333333",
  "444444444444",
  "555555555555",
] as const;
const UNIT = "ou-abcd-11111111";
const BELOW = "ou-abcd-22222222";
const SECRETS = ["SECRETKEY", "SESSIONTOKEN", "EXTERNALID"] as const;
const [secretKey, sessionToken, externalId] = SECRETS;

const registries = { "docker.io": { images: { "library/nginx:1.25": {}, "library/redis:7": {} } } };
const world = (account: string, image: string) => ({
  account,
  registries,
  services: [{ name: "web", cluster: "prod", image, desiredCount: 2 }],
});
const FILES = [world(MANAGEMENT, "nginx:1.25"), world(SHOP, "redis:7"), world(OTHER, "redis:7")];

const account = (Id: string, State: string, Name = `name-${Id[0]}`) => ({ Id, State, Name });
const ALL = [
  account(MANAGEMENT, "ACTIVE"),
  account(SHOP, "ACTIVE"),
  account(BANK, "ACTIVE"),
  account(CLOSED, "SUSPENDED"),
];

let front: AccountsFront;
/** What Organizations answers, by operation and token or parent. */
let pages: Record<string, object | { readonly __type: string }>;
let asked: string[];
let assumed: URLSearchParams[];
/** Of AssumeRole, which ends where the test lets it. */
let hold: () => Promise<void>;
let tokens: Set<string>;

const json = (body: object, status = 200): Answered => ({
  status: "__type" in body ? 400 : status,
  type: "application/x-amz-json-1.1",
  body: JSON.stringify(body),
});

async function answer({ key, headers, body }: Asked): Promise<Answered | undefined> {
  const target = String(headers["x-amz-target"] ?? "");
  if (target.startsWith("AWSOrganizationsV20161128.")) {
    const operation = target.split(".")[1] ?? "";
    const { NextToken = "", ParentId = "" } = JSON.parse(body) as Record<string, string>;
    const page = [operation, ParentId, NextToken].filter((part) => part !== "").join(" ");
    asked.push(page);
    return json(pages[page] ?? { __type: "ParentNotFoundException", message: page });
  }
  if (key.startsWith("ASIA")) tokens.add(String(headers["x-amz-security-token"]));
  if (!body.startsWith("Action=AssumeRole")) return undefined;
  const form = new URLSearchParams(body);
  assumed.push(form);
  await hold();
  const [, id = ""] = /::(\d{12}):/.exec(form.get("RoleArn") ?? "") ?? [];
  if (![SHOP, OTHER].includes(id as typeof SHOP))
    return {
      status: 403,
      body: `<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole on resource: ${form.get("RoleArn")}</Message></Error></ErrorResponse>`,
    };
  return {
    body: `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA${id}</AccessKeyId><SecretAccessKey>${secretKey}</SecretAccessKey><SessionToken>${sessionToken}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  };
}

beforeAll(async () => {
  const at = { AKIDMANAGEMENT: 0, [`ASIA${SHOP}`]: 1, [`ASIA${OTHER}`]: 2 };
  front = await openAccountsFront(FILES, at, answer);
});
afterAll(() => front.close());
beforeEach(() => {
  pages = { ListAccounts: { Accounts: ALL } };
  asked = [];
  assumed = [];
  tokens = new Set();
  hold = async () => {};
});

function scan(...flags: readonly string[]): Promise<Said> {
  const environment = {
    AWS_CONFIG_FILE: "none",
    AWS_SHARED_CREDENTIALS_FILE: "none",
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "AKIDMANAGEMENT",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_ENDPOINT_URL: front.url,
  };
  return repull(["scan", "--no-stack", "--organization", ...flags], { environment });
}

const reason = (because: RegExp, remedy: RegExp) => ({
  because: expect.stringMatching(because),
  remedy: expect.stringMatching(remedy),
});
const ofType = (lines: readonly Document[], type: string) => lines.filter((line) => line.type === type);
const rolesAssumed = () => assumed.map((form) => form.get("RoleArn")).toSorted();
const role = (id: string, name = "RepullScan") => `arn:aws:iam::${id}:role/${name}`;
const scannedIn = ({ out }: Said) =>
  ofType(linesOf(out), "scan")
    .map(({ account }) => account)
    .toSorted();

describe("repull scan of an organisation", () => {
  it("has what is not scanned in its summary, with the code and a remedy", async () => {
    const [summary] = ofType(linesOf((await scan("--json")).out), "summary");
    expect(summary?.notScanned).toEqual([
      {
        account: BANK,
        accountName: "name-3",
        code: "role-refused",
        ...reason(/RepullScan/, /scan-role/),
      },
      {
        account: CLOSED,
        accountName: "name-4",
        code: "account-inactive",
        ...reason(/SUSPENDED/, /./),
      },
    ]);
  });

  // biome-ignore format: a table is read by its columns
  const printed: readonly [as: string, flags: readonly string[], file?: string][] = [
    ["the list of workloads", []],
    ["CSV",                   ["--csv"]],
    ["a report",              ["--html"]],
  ];
  for (const [as, flags] of printed)
    it(`names what is not scanned in ${as}, which is read without standard error`, async () => {
      const page = join(mkdtempSync(join(tmpdir(), "repull-")), "report.html");
      const isPage = flags.includes("--html");
      const { out, status, err } = await scan(...flags, ...(isPage ? [page] : []));
      const text = isPage ? readFileSync(page, "utf8") : out;
      expect(status, err).toBe(5);
      for (const [id, code] of [
        [BANK, "role-refused"],
        [CLOSED, "account-inactive"],
      ] as const)
        expect(text).toMatch(new RegExp(`account ${id} \\(name-\\d\\): ${code}: `));
    });

  it("ends with 0 where every active account is scanned, and still names the others", async () => {
    pages = { ListAccounts: { Accounts: ALL.filter(({ Id }) => Id !== BANK) } };
    const { out, status } = await scan("--json");
    const [summary] = ofType(linesOf(out), "summary");
    expect([status, summary?.notScanned]).toMatchObject([0, [{ account: CLOSED, code: "account-inactive" }]]);
  });

  it("reads the active accounts in one report, its own one without a role, and names the one whose role is refused", async () => {
    const { out, status, err } = await scan("--json");
    const lines = linesOf(out);
    expect(
      ofType(lines, "scan").map(({ account, accountName, assumedRole }) => [
        account,
        accountName,
        assumedRole,
      ]),
    ).toEqual([
      [MANAGEMENT, "name-1", undefined],
      [SHOP, "name-2", role(SHOP)],
    ]);
    expect(ofType(lines, "error")).toMatchObject([{ code: "role-refused", account: BANK }]);
    expect(ofType(lines, "summary")).toMatchObject([
      { services: 2, gaps: [], accounts: [{ account: MANAGEMENT }, { account: SHOP, region: "us-east-1" }] },
    ]);
    expect([status, rolesAssumed()], err).toEqual([5, [role(SHOP), role(BANK)]]);
    expect(err).toContain(CLOSED);
  });

  it("sends STS its session's name and the external id, and shows no credentials, however verbose it is", async () => {
    const { out, err } = await scan(
      "--json",
      "--verbose",
      "--external-id",
      externalId,
      "--role-name",
      "Audit",
    );
    expect(assumed.map((form) => [form.get("RoleSessionName"), form.get("ExternalId")])).toEqual([
      ["repull-scan", externalId],
      ["repull-scan", externalId],
    ]);
    expect(rolesAssumed()).toEqual([role(SHOP, "Audit"), role(BANK, "Audit")]);
    expect([...tokens]).toEqual([sessionToken]);
    expect(SECRETS.filter((secret) => `${out}${err}`.includes(secret))).toEqual([]);
  });

  it("reads a list of several pages to its end, through an empty one", async () => {
    pages = {
      ListAccounts: { Accounts: ALL.slice(0, 1), NextToken: "a" },
      "ListAccounts a": { Accounts: [], NextToken: "b" },
      "ListAccounts b": { Accounts: ALL.slice(1, 2) },
    };
    const said = await scan("--json");
    expect([said.status, scannedIn(said)]).toEqual([0, [MANAGEMENT, SHOP]]);
  });

  it("names what it did not learn of the accounts where the list ends early, and ends with 5", async () => {
    pages = {
      ListAccounts: { Accounts: ALL.slice(0, 2), NextToken: "a" },
      "ListAccounts a": { __type: "AccessDeniedException", message: "no" },
    };
    const said = await scan("--json");
    expect([said.status, scannedIn(said)]).toEqual([5, [MANAGEMENT, SHOP]]);
    expect(ofType(linesOf(said.out), "summary")[0]?.gaps).toEqual([
      expect.stringContaining("organizations:ListAccounts"),
    ]);
  });

  // biome-ignore format: a table is read by its columns
  for (const [what, second] of [
    ["has no list of accounts",             {}],
    ["has a text among the accounts",    { Accounts: ["x"] }],
    ["has an account without a number",     { Accounts: [{ Name: "bank", State: "ACTIVE" }] }],
    ["has a number for a token",      { Accounts: [], NextToken: 7 }],
    ["leads back to a page that was read",  { Accounts: [], NextToken: "a" }],
  ] as const)
    it(`ends with 5 and the accounts that it knows where a page of the list ${what}`, async () => {
      pages = {
        ListAccounts: { Accounts: ALL.slice(0, 2), NextToken: "a" },
        "ListAccounts a": { Accounts: [], NextToken: "b" },
        "ListAccounts b": second,
      };
      const said = await scan("--json");
      const gaps = ofType(linesOf(said.out), "summary")[0]?.gaps as readonly string[];
      expect([said.status, scannedIn(said), gaps.length, asked.length]).toEqual([5, [MANAGEMENT, SHOP], 1, 3]);
    });

  it("asks an account of which no state is reported for its role, and does not leave it out", async () => {
    pages = { ListAccounts: { Accounts: [{ Id: SHOP }, { Id: BANK }] } };
    const said = await scan("--json");
    expect([said.status, scannedIn(said), rolesAssumed()]).toEqual([5, [SHOP], [role(SHOP), role(BANK)]]);
  });

  it("takes an account whose Status says that it is active, where no State is reported", async () => {
    pages = { ListAccounts: { Accounts: [{ Id: SHOP, Status: "ACTIVE" }] } };
    expect(scannedIn(await scan("--json"))).toEqual([SHOP]);
  });

  it("reads the accounts of a unit and of the units below it, and asks for no other", async () => {
    pages = {
      [`ListAccountsForParent ${UNIT}`]: { Accounts: [account(SHOP, "ACTIVE")] },
      [`ListOrganizationalUnitsForParent ${UNIT}`]: { OrganizationalUnits: [{ Id: BELOW }] },
      [`ListAccountsForParent ${BELOW}`]: { Accounts: [account(OTHER, "ACTIVE"), account(CLOSED, "CLOSED")] },
      [`ListOrganizationalUnitsForParent ${BELOW}`]: { OrganizationalUnits: [] },
    };
    const said = await scan("--json", "--ou", UNIT);
    expect([said.status, scannedIn(said), rolesAssumed()]).toEqual([
      0,
      [SHOP, OTHER],
      [role(SHOP), role(OTHER)],
    ]);
  });

  it("reads the accounts that are named without a list of them", async () => {
    const said = await scan("--json", "--accounts", `${SHOP},${MANAGEMENT},${SHOP}`);
    expect([said.status, scannedIn(said), rolesAssumed(), asked]).toEqual([
      0,
      [MANAGEMENT, SHOP],
      [role(SHOP)],
      [],
    ]);
  });

  // biome-ignore format: a table is read by its columns
  for (const [what, answered, flags, status, code] of [
    ["this caller may not list it",      { __type: "AccessDeniedException", message: "no" },              [],               4, "organization-unread"],
    ["the account is in none",           { __type: "AWSOrganizationsNotInUseException", message: "no" },  [],               4, "organization-unread"],
    ["it has no such unit",              {},                                                              ["--ou", UNIT],   2, "invalid-input"],
    ["it has no account that is active", { Accounts: [account(CLOSED, "CLOSED")] },                       [],               2, "invalid-input"],
  ] as const)
    it(`reads no account when ${what}, and ends with ${status}`, async () => {
      pages = { ListAccounts: answered };
      const { out, status: ended } = await scan("--json", ...flags);
      expect([ended, linesOf(out).map(({ type, code: told }) => [type, told]), assumed]).toEqual([
        status,
        [["error", code]],
        [],
      ]);
    });

  it("assumes the roles of five accounts at once, and of no more", async () => {
    const ids = Array.from({ length: 15 }, (_, index) => `9${String(index).padStart(11, "0")}`);
    let waiting: (() => void)[] = [];
    const counts: number[] = [];
    hold = () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        if (waiting.length < 5) return;
        // A sixth one would come before this.
        setImmediate(() =>
          setImmediate(() => {
            counts.push(waiting.length);
            for (const go of waiting) go();
            waiting = [];
          }),
        );
      });
    const { status } = await scan("--json", "--accounts", ids.join(","));
    expect([status, counts]).toEqual([4, [5, 5, 5]]);
  });

  it("leads to the account of a workload that a role has read, for the next command", async () => {
    const { out } = await scan("--accounts", SHOP);
    expect(out).toMatch(new RegExp(`^next, signed in to account ${SHOP}, .*: repull plan web`, "m"));
  });

  it("asks nothing for its rights, which name the role and the lists alone in addition to a scan's", async () => {
    const before = front.requests();
    const { out } = await scan("--rights", "--role-name", "Audit");
    const [reads, assume] = JSON.parse(out).Statement;
    expect(reads.Action).toContain("organizations:ListAccounts");
    expect(assume).toMatchObject({ Action: ["sts:AssumeRole"], Resource: "arn:aws:iam::*:role/Audit" });
    expect(front.requests()).toBe(before);
  });

  // biome-ignore format: a table is read by its columns
  for (const flags of [
    ["--profile", "a,b"],
    ["--starts"],
    ["--ou", UNIT, "--accounts", SHOP],
    ["--ou", "prod"],
    ["--accounts", "shop"],
    ["--role-name", "arn:aws:iam::222222222222:role/Audit"],
    ["--external-id", "a b"],
    ["--cluster", `arn:aws:ecs:us-east-1:${SHOP}:cluster/prod`],
    ["--kube-context", "blue"],
  ] as const)
    it(`is a wrong call with ${flags.join(" ")}`, async () => {
      expect([(await scan(...flags)).status, assumed]).toEqual([2, []]);
    });

  it("is a wrong call without --organization where a flag is about one", async () => {
    const environment = { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: front.url };
    for (const flag of ["--ou", "--accounts", "--role-name", "--external-id"])
      expect((await repull(["scan", flag, "x"], { environment })).status).toBe(2);
  });
});
