/** Images whose index names several builds of Windows, or no platform, or lists indexes: what is copied, and that it runs. */

import {
  daemon,
  ECR,
  PREFECT,
  playWorlds,
  prefect,
  type Row,
  rule,
  same,
  world,
} from "../../support/substitute-worlds.ts";

type WindowsRelease = `WINDOWS_SERVER_${string}`;

const WINDOWS = {
  platforms: ["windows/amd64", "windows/amd64", "windows/amd64"],
  osVersions: ["10.0.17763.6293", "10.0.20348.2762", "10.0.26100.1742"],
};
const [OF_2019, OF_2022, OF_2025] = WINDOWS.osVersions.map((version) => `windows(${version})/amd64`);
const BOTH = { platforms: ["linux/amd64", "linux/arm64"] };
const hub = (image: object) => ({ images: { "prefecthq/prefect:3": image } });

/** On Fargate, whose tasks ask for a release. */
const fargate = (release: WindowsRelease) => ({
  ...prefect,
  taskDefinition: {
    family: "web",
    requiresCompatibilities: ["FARGATE"],
    networkMode: "awsvpc",
    cpu: "1024",
    memory: "2048",
    executionRoleArn: "arn:aws:iam::123456789012:role/web-execution",
    runtimePlatform: { operatingSystemFamily: release, cpuArchitecture: "X86_64" },
    containerDefinitions: [{ name: "web", image: "prefecthq/prefect:3", essential: true }],
  },
});

const windowsMachines = (release: WindowsRelease, extra: object = {}) => ({
  machines: { prod: [{ architecture: "X86_64", operatingSystemFamily: release, ...extra }] },
});

const COPY = "repull/docker.io/prefecthq/prefect:3";

const table: readonly Row[] = [
  {
    because: "of several builds of Windows, that of the tasks' release is copied",
    world: world({ service: fargate("WINDOWS_SERVER_2022_CORE"), hub: hub(WINDOWS) }),
    wins: "mirror, ecr-copy: succeeded",
    copies: [OF_2022 ?? ""],
  },
  {
    because: "of the first in the index, where that is theirs",
    world: world({ service: fargate("WINDOWS_SERVER_2019_FULL"), hub: hub(WINDOWS) }),
    wins: "mirror, ecr-copy: succeeded",
    copies: [OF_2019 ?? ""],
  },
  {
    because: "on instances whose release ECS reports, that of theirs",
    world: world({
      service: daemon,
      hub: hub(WINDOWS),
      more: windowsMachines("WINDOWS_SERVER_2025_FULL"),
    }),
    wins: "mirror, ecr-copy: succeeded",
    copies: [OF_2025 ?? ""],
  },
  {
    because: "on instances whose release is not reported, all builds",
    world: world({
      service: daemon,
      hub: hub(WINDOWS),
      more: windowsMachines("WINDOWS_SERVER_2022_CORE", { tellsRelease: false }),
    }),
    wins: "mirror, ecr-copy: succeeded",
    copies: [OF_2019 ?? "", OF_2022 ?? "", OF_2025 ?? ""],
  },
  {
    because: "a copy of the tasks' build is found",
    world: world({
      service: fargate("WINDOWS_SERVER_2022_CORE"),
      hub: hub(WINDOWS),
      ecr: same(COPY, PREFECT),
    }),
    wins: "ecr-copy: succeeded",
  },
  {
    because: "a pull-through cache is filled with the tasks' build",
    world: world({ service: fargate("WINDOWS_SERVER_2022_CORE"), hub: hub(WINDOWS), more: rule() }),
    wins: "pull-through-cache, pull-through-cache: succeeded",
    runs: new RegExp(`^${ECR}/hub/prefecthq/prefect@sha256:`),
  },
  {
    because: "an image for another build alone is not copied for the tasks of a release",
    world: world({
      service: fargate("WINDOWS_SERVER_2022_CORE"),
      hub: hub({ platforms: ["windows/amd64", "linux/amd64"], osVersions: ["10.0.17763.6293"] }),
    }),
    wins: "mirror, nothing: no-substitute",
    loses: { mirror: "denied" },
  },
  {
    because: "an index that names no platforms is copied as far as nothing distinguishes its images",
    world: world({ service: prefect, hub: hub({ ...BOTH, namesNoPlatforms: true }) }),
    wins: "mirror, ecr-copy: succeeded",
  },
  {
    because: "a copy of an index that names no platforms is found",
    world: world({
      service: prefect,
      hub: hub({ ...BOTH, namesNoPlatforms: true }),
      ecr: same(COPY, PREFECT),
    }),
    wins: "ecr-copy: succeeded",
  },
  {
    because: "an index of builds that names none of them is copied as it is",
    world: world({
      service: fargate("WINDOWS_SERVER_2022_CORE"),
      hub: hub({ ...WINDOWS, namesNoPlatforms: true }),
    }),
    wins: "mirror, ecr-copy: succeeded",
  },
  {
    because: "indexes inside an index are copied with it",
    world: world({ service: prefect, hub: hub({ ...BOTH, nested: true }) }),
    wins: "mirror, ecr-copy: succeeded",
  },
  {
    because: "indexes inside an index of the same bytes are found at ECR Public",
    world: world({
      hub: { images: { "library/nginx:1.25": { ...BOTH, nested: true } } },
      open: same("docker/library/nginx:1.25"),
    }),
    wins: "ecr-public: succeeded",
  },
  {
    because: "the same index is enough at ECR Public, though it names no platforms",
    world: world({
      hub: { images: { "library/nginx:1.25": { ...BOTH, namesNoPlatforms: true } } },
      open: same("docker/library/nginx:1.25"),
    }),
    wins: "ecr-public: succeeded",
  },
  {
    because: "a pull-through cache is filled with all that an inner index may have",
    world: world({ service: prefect, hub: hub({ ...BOTH, nested: true }), more: rule() }),
    wins: "pull-through-cache, pull-through-cache: succeeded",
  },
];
playWorlds("Which images of an index are copied", table);
