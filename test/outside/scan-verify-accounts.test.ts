/** `repull scan --organization --verify`: what several accounts together ask of Docker Hub. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AccountsFront, openAccountsFront } from "../support/accounts-front.ts";
import { refuse } from "../support/registries/loopback-registry.ts";
import { linesOf, repull } from "./command.ts";
import { put, type Registries, startRegistries } from "./registries.ts";

const IDS = ["222222222222", "333333333333", "444444444444"] as const;
const images = { "library/redis:7": {}, "library/nginx:1.25": {} };
const FILES = IDS.map((account) => ({
  account,
  registries: { "docker.io": { images } },
  services: ["redis:7", "nginx:1.25"].map((image) => ({
    name: image.split(":")[0],
    cluster: "prod",
    image,
    desiredCount: 2,
  })),
}));

let front: AccountsFront;
let registries: Registries;
beforeAll(async () => {
  const keys = Object.fromEntries(IDS.map((id, index) => [`ASIA${id}`, index]));
  front = await openAccountsFront(FILES, { ...keys, AKIDMANAGEMENT: 0 }, ({ body }) => {
    const [, id = ""] = /%3A%3A(\d{12})%3Arole/.exec(body) ?? [];
    if (!body.startsWith("Action=AssumeRole")) return undefined;
    return {
      body: `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA${id}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    };
  });
});
afterAll(() => front.close());
beforeEach(async () => {
  registries = await startRegistries();
});
afterEach(() => registries.stop());

const heads = () => registries.hub.count("HEAD", /\/manifests\//);

async function verify() {
  const environment = {
    AWS_CONFIG_FILE: "none",
    AWS_SHARED_CREDENTIALS_FILE: "none",
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "AKIDMANAGEMENT",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_ENDPOINT_URL: front.url,
    REPULL_REGISTRY_ENDPOINTS: registries.endpoints,
  };
  const flags = ["--organization", "--accounts", IDS.join(","), "--verify", "--json", "--no-stack"];
  const said = await repull(["scan", ...flags], { environment });
  const scans = linesOf(said.out).filter(({ type }) => type === "scan");
  return { ...said, scans };
}

describe("repull scan --verify over several accounts", () => {
  it("asks Docker Hub about an image of all of them once, and each account has the answer", async () => {
    for (const registry of [registries.hub, registries.ecrPublic])
      for (const name of ["redis", "nginx"]) {
        const repository = registry === registries.hub ? `library/${name}` : `docker/library/${name}`;
        put(registry, repository, name, name === "redis" ? "7" : "1.25");
      }
    const { scans, err } = await verify();
    const proved = scans.flatMap(({ images }) =>
      (images as { first?: { proof?: string } }[]).map(({ first }) => first?.proof),
    );
    // By its tag, and by what the tag names.
    expect([scans.length, heads(), [...new Set(proved)]], err).toEqual([6, 2 * 2, ["same-index"]]);
  });

  it("asks nothing more of Docker Hub, in whichever account, after a refusal", async () => {
    registries.hub.mischief = (_, response) => {
      refuse(response, 429, "TOOMANYREQUESTS", "You have reached your unauthenticated pull rate limit.");
      return true;
    };
    const { scans } = await verify();
    // Of the two images, the second may be on its way when the first is refused.
    expect([scans.length, heads() <= 2]).toEqual([6, true]);
  });
});
