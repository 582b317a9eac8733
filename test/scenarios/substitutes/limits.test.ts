/** Which place wins, by whose limit it is and who may sign in. */

import { describe, expect, test } from "vitest";
import { createWorld } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";
import { play, stateOf } from "../../support/scenario.ts";
import {
  countingQuay,
  denied,
  dry,
  ECR,
  playWorlds,
  prefect,
  QUAY,
  quay,
  quayService,
  type Row,
  refused,
  rule,
  SECRET,
  same,
  signedUp,
  signedUpUnderOwnKey,
  silentHub,
  world,
} from "../../support/substitute-worlds.ts";

const table: readonly Row[] = [
  {
    because: "signing in is the last candidate, and keeps the image",
    world: world({ service: prefect, hub: dry, more: signedUp }),
    policy: { dockerHubSecret: SECRET },
    wins: "authenticated-pull: succeeded",
    loses: { mirror: "rate-limited" },
    runs: /^docker\.io\/prefecthq\/prefect@sha256:/,
  },
  {
    because: "no task signs in with a secret that the role may not read",
    world: world({
      service: prefect,
      hub: dry,
      more: { ...signedUp, ...denied("secretsmanager:GetSecretValue") },
    }),
    policy: { dockerHubSecret: SECRET },
    wins: "nothing: no-substitute",
    loses: {
      "authenticated-pull": "check-failed secret secretsmanager:GetSecretValue",
    },
  },
  {
    because: "signing in does not help with a secret that the role may not decrypt",
    world: world({ service: prefect, hub: dry, more: { ...signedUpUnderOwnKey, ...denied("kms:Decrypt") } }),
    policy: { dockerHubSecret: SECRET },
    wins: "nothing: no-substitute",
    loses: {
      "authenticated-pull": "check-failed secret kms:Decrypt",
    },
  },
  {
    because: "signing in does not help with a secret of which it is not known who may read it",
    world: world({
      service: prefect,
      hub: dry,
      more: { ...signedUp, ...refused("iam:SimulatePrincipalPolicy") },
    }),
    policy: { dockerHubSecret: SECRET },
    wins: "nothing: no-substitute",
    loses: {
      "authenticated-pull": "secret-unchecked",
    },
  },
  {
    because: "unless the policy accepts it",
    world: world({
      service: prefect,
      hub: dry,
      more: { ...signedUp, ...refused("iam:SimulatePrincipalPolicy") },
    }),
    policy: { dockerHubSecret: SECRET, registries: { allowUnverifiedSecretAccess: true } },
    wins: "authenticated-pull: succeeded",
  },
  {
    because: "without a secret no task signs in",
    world: world({ service: prefect, hub: dry }),
    wins: "nothing: no-substitute",
    loses: {
      "authenticated-pull": "no-account",
      "pull-through-cache": "no-cache-rule",
    },
  },
  {
    because: "the abuse limit is not cured by an account",
    world: world({
      service: { ...prefect, launchType: "EC2" },
      hub: { trouble: "abuse-limit" },
      more: signedUp,
    }),
    policy: { dockerHubSecret: SECRET },
    wins: "nothing: no-substitute",
    loses: { "authenticated-pull": "abuse-limit" },
  },
  {
    because: "an account whose pulls are spent is not cured by an account",
    world: world({
      service: {
        taskDefinition: {
          family: "web",
          requiresCompatibilities: ["FARGATE"],
          executionRoleArn: "arn:aws:iam::123456789012:role/web-execution",
          containerDefinitions: [
            {
              name: "web",
              image: "prefecthq/prefect:3",
              repositoryCredentials: { credentialsParameter: SECRET },
            },
          ],
        },
      },
      hub: dry,
      more: { secrets: { [SECRET]: { username: "spent", password: "right" } } },
    }),
    policy: { dockerHubSecret: SECRET },
    wins: "nothing: no-substitute",
    loses: { "authenticated-pull": "account-already-used" },
  },
  {
    because: "the configured account copies what an anonymous client may not",
    world: world({ service: prefect, hub: { ...dry, repullSignsInAs: "shop" } }),
    policy: { dockerHubSecret: SECRET },
    wins: "mirror, ecr-copy: succeeded",
  },
  {
    because: "an anonymous client copies where the account's pulls are used up",
    world: world({ service: prefect, hub: { repullSignsInAs: "spent" } }),
    policy: { dockerHubSecret: SECRET },
    wins: "mirror, ecr-copy: succeeded",
    loses: { mirror: "rate-limited" },
  },
  {
    because: "signing in needs no digest: the image stays as the source has it",
    world: world({ service: prefect, hub: dry, more: signedUp }),
    policy: { dockerHubSecret: SECRET },
    options: silentHub,
    wins: "authenticated-pull: succeeded",
    runs: /^prefecthq\/prefect:3$/,
  },
  {
    because: "signing in does not help with an account that has no pulls left",
    world: world({ service: prefect, hub: { ...dry, repullSignsInAs: "spent" }, more: signedUp }),
    policy: { dockerHubSecret: SECRET },
    wins: "nothing: no-substitute",
    loses: {
      mirror: "rate-limited",
      "authenticated-pull": "account-exhausted",
    },
  },
  {
    because: "a limit of GitHub's registry is cured like any other's",
    world: world({
      service: { image: "ghcr.io/shop/api:7" },
      registries: { "ghcr.io": { images: { "shop/api:7": {} }, quota: { remaining: 0 } } },
    }),
    options: countingQuay,
    wins: "mirror, ecr-copy: succeeded",
    loses: { "authenticated-pull": "other-registry" },
  },
  {
    because: "another registry's limit is cured by a copy of its image",
    world: world({ service: quayService, registries: quay, ecr: same("repull/quay.io/shop/api:7", QUAY) }),
    options: countingQuay,
    wins: "ecr-copy: succeeded",
    loses: { "ecr-public": "not-published" },
  },
  {
    because: "a limit of another registry is cured by a new copy, where the image may still be read",
    world: world({ service: quayService, registries: quay }),
    options: countingQuay,
    wins: "mirror, ecr-copy: succeeded",
    loses: { "authenticated-pull": "other-registry" },
  },
];

playWorlds("Candidates by limits", table);

test("a pinned reference needs no witness: a rule fetches it while Docker Hub answers no one", async () => {
  const digest = (await createWorld(readWorldFile(world({})))).registries.dockerHub.manifest(
    "prefecthq/prefect",
    "3",
  )?.digest;
  const pinned = { image: `prefecthq/prefect@${digest}` };
  const { world: after, outcome } = await play({
    world: world({ service: pinned, hub: dry, more: rule() }),
    options: silentHub,
  });
  expect(outcome.outcome, outcome.because).toBe("succeeded");
  expect((await stateOf(after, "prod", "web")).images[0]).toBe(`${ECR}/hub/prefecthq/prefect@${digest}`);
});

describe("a private image", () => {
  const services = [
    {
      cluster: "prod",
      name: "web",
      taskDefinition: {
        family: "web",
        requiresCompatibilities: ["FARGATE"],
        executionRoleArn: "arn:aws:iam::123456789012:role/web-execution",
        containerDefinitions: [
          { name: "web", image: "nginx:1.25" },
          {
            name: "api",
            image: "shop/api:7",
            repositoryCredentials: { credentialsParameter: SECRET },
          },
        ],
      },
    },
  ];
  const hub = {
    images: { "library/nginx:1.25": {}, "shop/api:7": {} },
    privateRepositories: ["shop/api"],
    quota: { remaining: 0 },
    accounts: { shop: { password: "right" } },
    repullSignsInAs: "shop",
  };
  const file = { services, registries: { "docker.io": hub }, ...signedUp };

  for (const [says, privateImages, api] of [
    ["is not copied to where others could read it", [], /^shop\/api:7$/],
    ["is copied where the policy says so", ["shop/*"], new RegExp(`^${ECR}/repull/docker\\.io/shop/api@`)],
  ] as const) {
    test(says, async () => {
      const { world: after, outcome } = await play({
        world: file,
        policy: {
          dockerHubSecret: SECRET,
          registries: { ...DEFAULT_POLICY.registries, privateImages: [...privateImages] },
        },
      });
      expect(outcome.outcome, outcome.because).toBe("succeeded");
      const { images } = await stateOf(after, "prod", "web");
      expect(images[0]).toMatch(new RegExp(`^${ECR}/repull/docker\\.io/library/nginx@`));
      expect(images[1]).toMatch(api);
      const reasons = outcome.images[1]?.rejected.map(({ because }) => because).join();
      if (privateImages.length === 0) expect(reasons).toMatch(/it is private.*privateImages/);
    });
  }
});
