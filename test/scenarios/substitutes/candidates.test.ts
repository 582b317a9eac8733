/** Which place wins, by what is there. */

import {
  dry,
  ECR,
  NGINX,
  PREFECT,
  playWorlds,
  prefect,
  type Row,
  refused,
  rule,
  same,
  silentHub,
  world,
} from "../../support/substitute-worlds.ts";

/** The ECR of another account, as this one reaches it. */
const CENTRAL = "210987654321.dkr.ecr.us-east-1.amazonaws.com";

const table: readonly Row[] = [
  {
    because: "a rule fills its cache before the service is touched",
    world: world({ service: prefect, more: rule() }),
    wins: "pull-through-cache, pull-through-cache: succeeded",
    loses: { "ecr-copy": "absent" },
    runs: new RegExp(`^${ECR}/hub/prefecthq/prefect@sha256:`),
  },
  {
    because: "an official image is under library/ in the cache",
    world: world({ more: rule() }),
    wins: "pull-through-cache, pull-through-cache: succeeded",
    runs: new RegExp(`^${ECR}/hub/library/nginx@sha256:`),
  },
  {
    because: "a rule at the root has no prefix",
    world: world({ service: prefect, more: rule({ prefix: "ROOT" }) }),
    wins: "pull-through-cache, pull-through-cache: succeeded",
    runs: new RegExp(`^${ECR}/prefecthq/prefect@sha256:`),
  },
  {
    because: "a rule may lead to one namespace only",
    world: world({
      service: prefect,
      more: rule({ prefix: "hub/prefect", upstreamPrefix: "prefecthq" }),
    }),
    wins: "pull-through-cache, pull-through-cache: succeeded",
    runs: new RegExp(`^${ECR}/hub/prefect/prefect@sha256:`),
  },
  {
    because: "a rule for another namespace is not used",
    world: world({ service: prefect, more: rule({ upstreamPrefix: "library" }) }),
    wins: "mirror, ecr-copy: succeeded",
    loses: { "pull-through-cache": "cache-rule-unsuitable" },
  },
  {
    because: "a rule whose secret is known to be wrong is passed over",
    world: world({ service: prefect, more: rule({ secretIsWrong: true }) }),
    wins: "mirror, ecr-copy: succeeded",
    loses: {
      "pull-through-cache": "check-failed rule",
    },
  },
  {
    because:
      "a wrong secret that may not be read shows when the cache is filled, and the next candidate is tried",
    world: world({
      service: prefect,
      more: { ...rule({ secretIsWrong: true }), ...refused("ecr:ValidatePullThroughCacheRule") },
    }),
    wins: "pull-through-cache, mirror, ecr-copy: succeeded",
    loses: { "pull-through-cache": "denied" },
  },
  {
    because: "the limit of the rule's own account is a reason, and the next candidate is tried",
    world: world({ service: prefect, more: rule({ account: "spent" }) }),
    wins: "pull-through-cache, mirror, ecr-copy: succeeded",
    loses: {
      "pull-through-cache": "denied",
    },
  },
  {
    because: "rules that may not be read are not used",
    world: world({ service: prefect, more: { ...rule(), ...refused("ecr:DescribePullThroughCacheRules") } }),
    wins: "mirror, ecr-copy: succeeded",
    loses: { "pull-through-cache": "cache-rules-unreadable" },
  },
  {
    because: "what is cached whole needs no filling",
    world: world({
      service: prefect,
      ecr: same("hub/prefecthq/prefect:3", PREFECT),
      more: rule({ account: "spent" }),
    }),
    wins: "pull-through-cache: succeeded",
    runs: new RegExp(`^${ECR}/hub/prefecthq/prefect@sha256:`),
  },
  {
    because: "a moved tag is other bytes, and the trusted ones are copied",
    world: world({ open: { images: { "docker/library/nginx:1.25": { platforms: ["linux/amd64"] } } } }),
    wins: "mirror, ecr-copy: succeeded",
    loses: { "ecr-public": "other-content" },
  },
  {
    because: "a tag without layers is not an image",
    world: world({ hub: dry, open: { images: { "docker/library/nginx:1.25": { empty: true } } } }),
    policy: { minimumProof: "same-publisher" },
    options: silentHub,
    wins: "nothing: no-substitute",
    loses: { "ecr-public": "absent" },
  },
  {
    because: "an archived copy is there and cannot be pulled",
    world: world({
      ecr: same("repull/docker.io/library/nginx:1.25", NGINX, { archived: true }),
      open: same("docker/library/nginx:1.25"),
    }),
    wins: "ecr-public: succeeded",
    loses: { "ecr-copy": "archived" },
  },
  {
    because: "the policy may name further repositories",
    world: world({ service: prefect, ecr: same("central/prefecthq/prefect:3", PREFECT) }),
    policy: { mirrors: { additionalRepositories: ["central/{path}"] } },
    wins: "ecr-copy: succeeded",
    loses: { "ecr-copy": "absent" },
    runs: new RegExp(`^${ECR}/central/prefecthq/prefect@sha256:`),
  },
  {
    because: "the copy of a central account is found by its digest, by one pattern for every image",
    world: world({
      service: prefect,
      registries: { [CENTRAL]: same("repull/docker.io/prefecthq/prefect:3-of-another-day", PREFECT) },
    }),
    policy: { mirrors: { additionalRepositories: [`${CENTRAL}/repull/{host}/{path}`] } },
    wins: "ecr-copy: succeeded",
    loses: { "ecr-copy": "absent" },
    runs: new RegExp(`^${CENTRAL}/repull/docker.io/prefecthq/prefect@sha256:`),
  },
  {
    because: "the tag of a central account proves nothing, and the account makes a copy of its own",
    world: world({
      service: prefect,
      registries: { [CENTRAL]: { images: { "repull/docker.io/prefecthq/prefect:3": {} } } },
    }),
    policy: { mirrors: { additionalRepositories: [`${CENTRAL}/repull/{host}/{path}`] } },
    wins: "mirror, ecr-copy: succeeded",
    loses: { "ecr-copy": "other-content" },
  },
  {
    because: "a central account that does not answer keeps this one from no copy of its own",
    world: world({
      service: prefect,
      registries: {
        [CENTRAL]: { ...same("repull/docker.io/prefecthq/prefect:3", PREFECT), trouble: "unreachable" },
      },
    }),
    policy: { mirrors: { additionalRepositories: [`${CENTRAL}/repull/{host}/{path}`] } },
    wins: "mirror, ecr-copy: succeeded",
    loses: { "ecr-copy": "unreachable" },
  },
  {
    because: "a copy under the right tag with other bytes is not the image",
    world: world({ service: prefect, ecr: { images: { "repull/docker.io/prefecthq/prefect:3": {} } } }),
    wins: "mirror, ecr-copy: succeeded",
    loses: { "ecr-copy": "other-content" },
  },
  {
    because: "where Docker Hub does not even name a digest, the publisher's word is not taken unasked",
    world: world({ hub: dry, open: same("docker/library/nginx:1.25") }),
    options: silentHub,
    wins: "nothing: no-substitute",
    loses: {
      "ecr-public": "weak-proof",
    },
  },
  {
    because: "the publisher's word is taken where the policy accepts it",
    world: world({ hub: dry, open: same("docker/library/nginx:1.25") }),
    policy: { minimumProof: "same-publisher" },
    options: silentHub,
    wins: "ecr-public: succeeded",
  },
  {
    because: "the word of a publisher of one of both is not taken",
    world: world({
      service: { image: "amazon/aws-cli:2" },
      hub: { images: { "amazon/aws-cli:2": {} }, ...dry },
      open: same("aws-cli/aws-cli:2", "docker.io/amazon/aws-cli:2"),
    }),
    policy: { minimumProof: "same-publisher" },
    options: silentHub,
    wins: "nothing: no-substitute",
    loses: { "ecr-public": "origin-unreadable" },
  },
  {
    because: "the policy may say where else an image is",
    world: world({
      service: prefect,
      registries: { "ghcr.io": same("shop/prefect:3", PREFECT) },
    }),
    policy: {
      imageMappings: [
        { image: "prefecthq/*", use: "ghcr.io/shop/{name}:{tag}", allowDifferentContent: false },
      ],
    },
    wins: "ecr-public: succeeded",
    runs: /^ghcr\.io\/shop\/prefect@sha256:/,
  },
  {
    because: "where other bytes are there, that is not enough",
    world: world({
      service: prefect,
      registries: { "ghcr.io": { images: { "shop/prefect:3": {} } } },
    }),
    policy: {
      imageMappings: [
        { image: "prefecthq/*", use: "ghcr.io/shop/{name}:{tag}", allowDifferentContent: false },
      ],
    },
    wins: "mirror, ecr-copy: succeeded",
    loses: { "ecr-public": "other-content" },
  },
  {
    because: "unless the policy maps exactly this image to them",
    world: world({
      service: prefect,
      registries: { "ghcr.io": { images: { "shop/prefect:3": {} } } },
    }),
    policy: {
      imageMappings: [
        { image: "prefecthq/prefect", use: "ghcr.io/shop/prefect:{tag}", allowDifferentContent: true },
      ],
    },
    wins: "ecr-public: succeeded",
  },
  {
    because: "a service that the policy leaves out is left alone",
    world: world({ open: same("docker/library/nginx:1.25") }),
    policy: { scope: { services: { exclude: ["we*"] } } },
    wins: ": not-eligible",
  },
  {
    because: "an image that the policy leaves out is left alone",
    world: world({ open: same("docker/library/nginx:1.25") }),
    policy: { scope: { images: { include: ["acme/*"] } } },
    wins: ": not-eligible",
  },
];

playWorlds("Candidates by places", table);
