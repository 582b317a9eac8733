/** Which place wins, by what the tasks may, reach and run on. */

import {
  daemon,
  denied,
  dry,
  machines,
  NGINX,
  playWorlds,
  prefect,
  type Row,
  refused,
  same,
  silentHub,
  threePlatforms,
  world,
} from "../../support/substitute-worlds.ts";

const table: readonly Row[] = [
  {
    because: "what lacks the tasks' platform is not the image that they need",
    world: world({
      service: { architecture: "ARM64" },
      open: same("docker/library/nginx:1.25", NGINX, { onlyPlatform: "linux/amd64" }),
    }),
    wins: "mirror, ecr-copy: succeeded",
    loses: { "ecr-public": "other-content" },
  },
  {
    because: "a role that may not pull from ECR pulls from ECR Public",
    world: world({
      ecr: same("repull/docker.io/library/nginx:1.25"),
      open: same("docker/library/nginx:1.25"),
      more: denied("ecr:BatchGetImage"),
    }),
    wins: "ecr-public: succeeded",
    loses: { "ecr-copy": "check-failed role ecr:BatchGetImage" },
    runs: /^public\.ecr\.aws\//,
  },
  {
    because: "a role that may not be simulated does not reject a candidate",
    world: world({
      ecr: same("repull/docker.io/library/nginx:1.25"),
      more: refused("iam:SimulatePrincipalPolicy"),
    }),
    wins: "ecr-copy: succeeded",
  },
  {
    because: "a Fargate task without a role cannot pull from ECR",
    world: world({
      service: { executionRole: false },
      ecr: same("repull/docker.io/library/nginx:1.25"),
      open: same("docker/library/nginx:1.25"),
    }),
    wins: "ecr-public: succeeded",
    loses: { "ecr-copy": "check-failed role no-execution-role" },
  },
  {
    because: "unless the policy names one for such tasks",
    world: world({ service: { executionRole: false }, ecr: same("repull/docker.io/library/nginx:1.25") }),
    policy: { executionRole: "arn:aws:iam::123456789012:role/lent" },
    wins: "ecr-copy: succeeded",
  },
  {
    because: "tasks that Docker Hub answered reach ECR Public, whatever the route tables say",
    world: world({
      service: { subnets: ["subnet-a"] },
      open: same("docker/library/nginx:1.25"),
      more: { subnets: { "subnet-a": { route: "none", endpoints: ["ecr.api", "ecr.dkr", "s3"] } } },
    }),
    wins: "ecr-public: succeeded",
  },
  {
    because: "tasks that Docker Hub answered reach ECR, where an endpoint is missing",
    world: world({
      service: { subnets: ["subnet-a"] },
      ecr: same("repull/docker.io/library/nginx:1.25"),
      more: { subnets: { "subnet-a": { route: "none", endpoints: ["ecr.api", "s3"] } } },
    }),
    wins: "ecr-copy: succeeded",
  },
  {
    because: "an internet gateway is a way for those who have a public address",
    world: world({
      service: { subnets: ["subnet-a"], assignPublicIp: true },
      open: same("docker/library/nginx:1.25"),
      more: { subnets: { "subnet-a": { route: "internet-gateway" } } },
    }),
    wins: "ecr-public: succeeded",
  },
  {
    because: "instances whose role may not pull from ECR cannot use a copy there",
    world: world({
      service: { launchType: "EC2", executionRole: false },
      ecr: same("repull/docker.io/library/nginx:1.25"),
      open: same("docker/library/nginx:1.25"),
      more: {
        machines: { prod: [{ architecture: "X86_64", role: "nodes" }] },
        roles: { nodes: { denied: ["ecr:BatchGetImage"] } },
      },
    }),
    wins: "ecr-public: succeeded",
    loses: { "ecr-copy": "check-failed role ecr:BatchGetImage" },
  },
  {
    because: "a daemon on machines of two architectures gets a copy for both, under one name",
    world: world({ service: daemon, hub: threePlatforms, more: machines("X86_64", "ARM64") }),
    wins: "mirror, ecr-copy: succeeded",
    copies: ["linux/amd64", "linux/arm64"],
  },
  {
    because: "on machines of one architecture, a copy for that one",
    world: world({ service: daemon, hub: threePlatforms, more: machines("ARM64", "ARM64") }),
    wins: "mirror, ecr-copy: succeeded",
    copies: ["linux/arm64"],
  },
  {
    because: "an image for fewer architectures than the cluster has is what it is",
    world: world({
      service: { ...daemon, desiredCount: 1 },
      hub: { images: { "prefecthq/prefect:3": { platforms: ["linux/amd64", "linux/s390x"] } } },
      more: machines("X86_64", "ARM64"),
    }),
    wins: "mirror, ecr-copy: succeeded",
    copies: ["linux/amd64"],
  },
  {
    because: "the machines of the service's own capacity provider count, and no others",
    world: world({
      service: { ...prefect, capacityProvider: "graviton" },
      hub: threePlatforms,
      more: {
        machines: {
          prod: [{ architecture: "X86_64" }, { architecture: "ARM64", capacityProvider: "graviton" }],
        },
      },
    }),
    wins: "mirror, ecr-copy: succeeded",
    copies: ["linux/arm64"],
  },
  {
    because: "container instances that may not be described may be of any kind: the whole image is copied",
    world: world({ service: daemon, hub: threePlatforms, more: refused("ecs:ListContainerInstances") }),
    wins: "mirror, ecr-copy: succeeded",
    copies: ["linux/amd64", "linux/arm64", "linux/s390x"],
  },
  {
    because: "a source that has the image for one of the platforms only is not used",
    world: world({
      service: { ...daemon, image: "nginx:1.25" },
      hub: dry,
      open: { images: { "docker/library/nginx:1.25": { platforms: ["linux/amd64", "linux/s390x"] } } },
      more: machines("X86_64", "ARM64"),
    }),
    policy: { minimumProof: "same-publisher" },
    options: silentHub,
    wins: "nothing: no-substitute",
    loses: { "ecr-public": "absent" },
  },
];

playWorlds("Candidates by tasks", table);
