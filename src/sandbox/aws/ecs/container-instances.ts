/** The container instances of the sandbox's clusters: what the remediation sees of them, and where tasks are placed. */

import { getObject, getString } from "../../../ecs/json-fields.ts";
import { runtimePlatformOf } from "../../../ecs/task-definition/task-definition.ts";
import { AwsError } from "../../../remediation/ports/aws-error.ts";
import type { ContainerInstances, InstanceKind } from "../../../remediation/ports/container-instances.ts";
import type { Asked } from "../../ecs/state.ts";
import type { HostPlatform } from "../../ecs/tasks/image-pull.ts";
import type { WorldFile } from "../../world/world-file.ts";
import type { AwsFault } from "../faults/aws-fault.ts";

const AMD64: HostPlatform = { os: "linux", architecture: "amd64" };
const ARM64: HostPlatform = { os: "linux", architecture: "arm64" };

/** https://learn.microsoft.com/en-us/windows/release-health/windows-server-release-info (read 2026-11). */
const BUILDS: Readonly<Record<string, string>> = {
  WINDOWS_SERVER_2016_FULL: "10.0.14393",
  WINDOWS_SERVER_2019_CORE: "10.0.17763",
  WINDOWS_SERVER_2019_FULL: "10.0.17763",
  WINDOWS_SERVER_2022_CORE: "10.0.20348",
  WINDOWS_SERVER_2022_FULL: "10.0.20348",
  WINDOWS_SERVER_2025_CORE: "10.0.26100",
  WINDOWS_SERVER_2025_FULL: "10.0.26100",
};

export type SandboxInstances = {
  readonly port: ContainerInstances;
  /** The container instance of the next task: round robin over those that fit. */
  place(asked: Asked): HostPlatform;
};

type Entry = NonNullable<WorldFile["machines"]>[string][number];

/** The container instances of a cluster, as the file has them: one of x86_64 where it has none. */
export function machinesIn(file: WorldFile, cluster: string): readonly Entry[] {
  return file.machines?.[cluster] ?? [{ architecture: "X86_64" }];
}

/** A cluster that the file does not name has machines of x86_64. */
export function createContainerInstances(file: WorldFile, faults: AwsFault): SandboxInstances {
  const nextIndex = new Map<string, number>();
  const machinesOf = (cluster: string): readonly Entry[] => machinesIn(file, cluster);
  return {
    port: {
      async kinds(clusterArn) {
        try {
          faults("ecs:ListContainerInstances");
          faults("ecs:DescribeContainerInstances");
        } catch (error) {
          if (error instanceof AwsError) return { kind: "unknown", because: error.message };
          throw error;
        }
        const machines = machinesOf(clusterArn.slice(clusterArn.lastIndexOf("/") + 1)).map(toldOf);
        return {
          kind: "known",
          machines: [...new Map(machines.map((one) => [JSON.stringify(one), one])).values()],
        };
      },
    },
    place({ cluster, definition, launchType, providers }) {
      const asked = getString(getObject(definition, "runtimePlatform") ?? {}, "operatingSystemFamily");
      const stated = runtimePlatformOf(definition);
      const build = BUILDS[asked ?? ""];
      if (stated !== undefined && build !== undefined) return { ...stated, build };
      if (stated !== undefined || launchType === "FARGATE") return stated ?? AMD64;
      const fitting = machinesOf(cluster).filter(
        ({ capacityProvider = "" }) => providers.length === 0 || providers.includes(capacityProvider),
      );
      const index = nextIndex.get(cluster) ?? 0;
      nextIndex.set(cluster, index + 1);
      const machine = fitting[index % fitting.length];
      return machine === undefined ? AMD64 : hostOf(machine);
    },
  };
}

function hostOf({ architecture, operatingSystemFamily = "LINUX" }: Entry): HostPlatform {
  const build = BUILDS[operatingSystemFamily];
  if (build !== undefined) return { os: "windows", architecture: "amd64", build };
  return architecture === "ARM64" ? ARM64 : AMD64;
}

/** What ECS reports about a container instance. */
function toldOf(entry: Entry): InstanceKind {
  const { build, ...platform } = hostOf(entry);
  const isTold = build !== undefined && entry.tellsRelease !== false;
  return {
    platform: { ...platform, ...(isTold ? { osVersion: build } : {}) },
    ...(entry.capacityProvider === undefined ? {} : { capacityProvider: entry.capacityProvider }),
  };
}
