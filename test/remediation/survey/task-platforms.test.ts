import { describe, expect, test } from "vitest";
import { printPlatform } from "../../../src/image/platform.ts";
import type { ContainerInstances, InstanceKind } from "../../../src/remediation/ports/container-instances.ts";
import { platformsOf } from "../../../src/remediation/survey/task-platforms.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";

const X86: InstanceKind = { platform: { os: "linux", architecture: "amd64" } };
const ARM: InstanceKind = { platform: { os: "linux", architecture: "arm64" } };
const WINDOWS: InstanceKind = { platform: { os: "windows", architecture: "amd64" } };
const by = (machines: InstanceKind, capacityProvider: string): InstanceKind => ({
  ...machines,
  capacityProvider,
});

const stated = (cpuArchitecture: string) => ({ runtimePlatform: { cpuArchitecture } });
const fargate = { requiresCompatibilities: ["FARGATE"] };
const nothing: JsonObject = {};

describe("the platforms that a service's tasks may run on", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [because: string, definition: JsonObject, launchType: string | undefined, providers: readonly string[], machines: readonly InstanceKind[] | string, platforms: string])[] = [
    ["are what the task definition says",                   stated("ARM64"), "EC2",      [],           [X86],                          "linux/arm64"],
    ["are x86_64 where Fargate names no other",       fargate,         "FARGATE",  [],           [ARM],                          "linux/amd64"],
    ["are x86_64 on Fargate where the definition suits EC2 too", nothing,         "FARGATE",  [],           [ARM],                          "linux/amd64"],
    ["are those of the cluster's machines",                 nothing,         "EC2",      [],           [ARM],                          "linux/arm64"],
    ["are all of them where the machines are mixed",        nothing,         "EC2",      [],           [X86, ARM],                     "linux/amd64 linux/arm64"],
    ["are listed once each",                                  nothing,         "EC2",      [],           [by(X86, "a"), by(X86, "b")],   "linux/amd64"],
    ["are those of an EXTERNAL service's machines",         nothing,         "EXTERNAL", [],           [ARM],                          "linux/arm64"],
    ["are those of Windows",                                nothing,         "EC2",      [],           [WINDOWS],                      "windows/amd64"],
    ["are those of the capacity providers that the service names", nothing,         undefined,  ["arm"],      [by(X86, "x86"), by(ARM, "arm")], "linux/arm64"],
    ["leave out machines that no provider brought",         nothing,         undefined,  ["arm"],      [X86, by(ARM, "arm")],          "linux/arm64"],
    ["are not known of a provider that has none yet",       nothing,         undefined,  ["arm"],      [by(X86, "x86")],               "? the capacity provider arm has no container instance now, so the architecture is not known"],
    ["are not known of an empty cluster",                   nothing,         "EC2",      [],           [],                             "? the cluster has no container instance now, so the architecture is not known"],
    ["are not known without the right to list instances",   nothing,         "EC2",      [],           "ecs:ListContainerInstances: AccessDeniedException", "? ecs:ListContainerInstances: AccessDeniedException"],
  ];
  for (const [because, definition, launchType, capacityProviders, found, platforms] of table) {
    test(`${because}: ${platforms}`, async () => {
      const machines: ContainerInstances = {
        kinds: async () =>
          typeof found === "string"
            ? { kind: "unknown", because: found }
            : { kind: "known", machines: found },
      };
      const place = { clusterArn: "shop", launchType, service: { capacityProviders } };
      const told = await platformsOf({ taskDefinition: definition, tags: [] }, place, machines);
      const words = told.kind === "known" ? told.platforms.map(printPlatform).join(" ") : `? ${told.because}`;
      expect(words).toBe(platforms);
    });
  }
});
