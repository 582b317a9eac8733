/** An image of Docker Hub under another host's name is healed by the same places as under Docker Hub's own. */

import {
  ECR,
  playWorlds,
  type Row,
  rule,
  SECRET,
  same,
  signedUp,
  world,
} from "../../support/substitute-worlds.ts";

const hub = { image: "registry.hub.docker.com/library/nginx:1.25" };
const N8N = "docker.io/n8nio/n8n:1";
const front = { image: "docker.n8n.io/n8nio/n8n:1" };
const hasN8n = { images: { "library/nginx:1.25": {}, "prefecthq/prefect:3": {}, "n8nio/n8n:1": {} } };
const atFront = { "docker.n8n.io": { ...same("n8nio/n8n:1", N8N), quota: { remaining: 0 } } };

const table: readonly Row[] = [
  {
    because: "registry.hub.docker.com, as Harness writes it, has the twin at ECR Public",
    world: world({ service: hub, open: same("docker/library/nginx:1.25") }),
    wins: "ecr-public: succeeded",
    runs: /^public\.ecr\.aws\/docker\/library\/nginx@sha256:/,
  },
  {
    because: "registry.hub.docker.com is what the rule for Docker Hub leads to",
    world: world({ service: hub, more: rule() }),
    wins: "pull-through-cache, pull-through-cache: succeeded",
    runs: new RegExp(`^${ECR}/hub/library/nginx@sha256:`),
  },
  {
    because: "a copy of Docker Hub's image is one of registry.hub.docker.com's",
    world: world({ service: hub, ecr: same("repull/docker.io/library/nginx:1.25") }),
    wins: "ecr-copy: succeeded",
    runs: new RegExp(`^${ECR}/repull/docker.io/library/nginx@sha256:`),
  },
  {
    because: "an image of registry.hub.docker.com is copied as Docker Hub's",
    world: world({ service: hub }),
    wins: "mirror, ecr-copy: succeeded",
    runs: new RegExp(`^${ECR}/repull/docker.io/library/nginx@sha256:`),
  },
  {
    because: "the account signs in at Docker Hub itself, by the digest that was meant",
    world: world({ service: hub, more: signedUp }),
    policy: { strategies: ["authenticated-pull"], dockerHubSecret: SECRET },
    wins: "authenticated-pull: succeeded",
    runs: /^docker\.io\/library\/nginx@sha256:/,
  },
  {
    because: "a publisher's own name leads to Docker Hub's rule, proved by digest",
    world: world({ service: front, hub: hasN8n, registries: atFront, more: rule() }),
    wins: "pull-through-cache, pull-through-cache: succeeded",
    runs: new RegExp(`^${ECR}/hub/n8nio/n8n@sha256:`),
  },
  {
    because: "a copy under the front's name, made before it was known as one, still serves",
    world: world({
      service: front,
      hub: hasN8n,
      registries: atFront,
      ecr: same("repull/docker.n8n.io/n8nio/n8n:1", N8N),
    }),
    wins: "ecr-copy: succeeded",
    runs: new RegExp(`^${ECR}/repull/docker.n8n.io/n8nio/n8n@sha256:`),
  },
  {
    because: "other bytes under the same path at Docker Hub do not replace the front's",
    world: world({
      service: front,
      hub: hasN8n,
      registries: { "docker.n8n.io": { images: { "n8nio/n8n:1": {} }, quota: { remaining: 0 } } },
    }),
    policy: { strategies: ["ecr-copy", "mirror"] },
    wins: "mirror, ecr-copy: succeeded",
    loses: { mirror: "absent" },
    runs: new RegExp(`^${ECR}/repull/docker.io/n8nio/n8n@sha256:`),
  },
];

playWorlds("an image under another name of Docker Hub", table);
