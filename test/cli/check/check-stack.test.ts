/** `repull check --stack`: the account's copies and cache rules, in a sandbox's account that is served, as a process of its own. */

import { afterEach, describe, expect, it } from "vitest";
import { EXIT } from "../../../src/cli/exit-status.ts";
import type { WorldFile } from "../../../src/sandbox/world/world-file.ts";
import { repull } from "../../outside/command.ts";
import { objectsIn } from "../../support/command-io.ts";
import { type ServedAccount, serveAccount } from "../../support/served-account.ts";

const ORIGIN = "docker.io/library/nginx:1.27";
const same = { sameAs: ORIGIN };
const HUB = { "docker.io": { images: { "library/nginx:1.27": {} } } };
const COPY = { images: { "repull/docker.io/library/nginx:1.27": same } };
const OTHER = { images: { "repull/docker.io/library/nginx:1.27": {} } };
const CACHED = { images: { "hub/library/nginx:1.27": same } };
const RULE = [{ prefix: "hub", upstream: "docker.io" }];
const refused = (action: string) => ({ refusals: [{ action, kind: "denied" as const }] });

let account: ServedAccount | undefined;
afterEach(async () => {
  await account?.close();
  account = undefined;
});

async function checkIn(file: Partial<WorldFile>, args: readonly string[] = ["--stack", "repull"]) {
  account = await serveAccount(file, "approve");
  const { home } = account.world;
  const { status, out, err } = await repull(["check", "--json", ...args, "Dockerfile"], {
    environment: account.env,
    files: { Dockerfile: "FROM nginx:1.27\n" },
  });
  const [first = {}] = objectsIn(out);
  const host = `${home.account}.dkr.ecr.${home.region}.amazonaws.com`;
  const replacement = first.replacement as { readonly image: string; readonly proof: string } | undefined;
  return {
    status,
    err,
    first,
    place: replacement?.image.replace(host, "ecr").replace(/[:@].*$/, ""),
    proof: replacement?.proof,
  };
}

describe("repull check --stack proves", () => {
  // biome-ignore format: a table is read by its columns
  const places: readonly (readonly [what: string, file: Partial<WorldFile>, place: string])[] = [
    ["a copy in the account's ECR",                           { registries: { ...HUB, ecr: COPY } },                                                                    "ecr/repull/docker.io/library/nginx"],
    ["what a pull-through cache has fetched",                 { registries: { ...HUB, ecr: CACHED }, pullThrough: RULE },                                               "ecr/hub/library/nginx"],
    ["a copy, where the cache rules may not be read",         { registries: { ...HUB, ecr: COPY }, pullThrough: RULE, ...refused("ecr:DescribePullThroughCacheRules") }, "ecr/repull/docker.io/library/nginx"],
  ];
  for (const [what, file, place] of places)
    it(
      what,
      async () =>
        expect(await checkIn(file)).toMatchObject({ status: EXIT.failed, place, proof: "same-index" }),
      60_000,
    );
});

describe("repull check --stack proves nothing", () => {
  // biome-ignore format: a table is read by its columns
  const none: readonly (readonly [when: string, file: Partial<WorldFile>, args: readonly string[] | undefined, code: string])[] = [
    ["where the copy has other content",                     { registries: { ...HUB, ecr: OTHER } },                   undefined, "other-content"],
    ["where the cache would have to fetch the image",        { registries: HUB, pullThrough: RULE },                   undefined, "absent"],
    ["of the account's copies where it is not given",        { registries: { ...HUB, ecr: COPY } },                    [],        "no-aws-account"],
  ];
  for (const [when, file, args, code] of none)
    it(when, async () => {
      const { status, place, first } = await checkIn(file, args);
      expect({ status, place }).toEqual({ status: EXIT.failed, place: undefined });
      expect(first).toMatchObject({ fixable: false, codes: expect.arrayContaining([code]) });
    }, 60_000);
});

describe("repull check --stack is refused, and names what to do", () => {
  const world = { registries: { ...HUB, ecr: COPY } };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, file: Partial<WorldFile>, stack: string, code: string])[] = [
    ["where the stack may not be read",      { ...world, ...refused("lambda:GetFunctionConfiguration") }, "repull", "stack-unreadable"],
    ["where the stack is absent",            world,                                                       "other",  "no-stack"],
  ];
  for (const [when, file, stack, code] of table)
    it(when, async () => {
      const { status, err, first } = await checkIn(file, ["--stack", stack]);
      expect({ status, first }).toMatchObject({
        status: EXIT.refused,
        first: { type: "error", code, remedy: expect.stringMatching(/\S/) },
      });
      // The command has no such option.
      expect(err).not.toContain("--no-stack");
    }, 60_000);
});
