import { OSFamily } from "@aws-sdk/client-ecs";
import { describe, expect, test } from "vitest";
import { windowsBuildOf } from "../../../src/ecs/task-definition/windows-release.ts";

describe("the build of Windows that ECS names", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["WINDOWS_SERVER_2016_FULL", "10.0.14393"],
    ["WINDOWS_SERVER_2019_CORE", "10.0.17763"],
    ["WINDOWS_SERVER_2019_FULL", "10.0.17763"],
    ["WINDOWS_SERVER_2004_CORE", "10.0.19041"],
    ["WINDOWS_SERVER_20H2_CORE", "10.0.19042"],
    ["WINDOWS_SERVER_2022_CORE", "10.0.20348"],
    ["WINDOWS_SERVER_2022_FULL", "10.0.20348"],
    ["WINDOWS_SERVER_2025_CORE", "10.0.26100"],
    ["WINDOWS_SERVER_2025_FULL", "10.0.26100"],
    ["windows_server_2022_core", "10.0.20348"],
    ["WINDOWS_SERVER_2099_CORE", undefined],
    ["LINUX",                    undefined],
    ["",                         undefined],
  ] as const;
  for (const [family, build] of table) {
    test(`${family || "nothing"} is ${build ?? "not known"}`, () => {
      expect(windowsBuildOf(family)).toBe(build);
    });
  }

  test("is known of every release that the SDK knows", () => {
    const unknown = Object.values(OSFamily).filter((family) => windowsBuildOf(family) === undefined);
    expect(unknown).toEqual(["LINUX"]);
  });
});
