/**
 * The lines of the pages about clusters: what Helm, kubectl and `repull kubernetes` get there, read against the chart.
 *
 * test/kube runs the same programs against a real API server; these lines name an account, a registry and a cluster of the
 * reader's, so here their words are compared with what the chart and the command know.
 */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { PAGES, pageCommands } from "../../support/page-commands.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const chart = JSON.parse(readFileSync(join(root, "infra/helm/repull/values.schema.json"), "utf8"));

/** The rehearsal's page shows a prompt; test/kube types its lines. */
const prompted = PAGES.flatMap(({ path, text }) =>
  [...text.matchAll(/^\$ (.+)$/gm)].map(([, command = ""]) => ({ path, command })),
);
const lines = [...pageCommands(), ...prompted];
const linesOf = (program: string) => lines.filter(({ command }) => command.startsWith(`${program} `));

function repull(...args: readonly string[]): string {
  return execFileSync(process.execPath, [join(root, "src/cli/main.ts"), ...args], { encoding: "utf8" });
}

/** The objects of an installation, as the page's line without Helm makes them. */
function manifests(values: string, version: string) {
  const out = repull("kubernetes", "manifests", "--values", values, "--kube-version", version);
  return parseAllDocuments(out, { version: "1.1" }).map((document) => document.toJS());
}

describe("a line of helm", () => {
  const helm = linesOf("helm").filter(({ command }) => !command.startsWith("helm template"));
  test("is found", () => expect(helm.length).toBeGreaterThanOrEqual(4));
  for (const { path, command } of helm) {
    test(`names the chart and values that it has: ${path}: ${command.slice(0, 60)}`, () => {
      const [folder = ""] = /\binfra\/helm\/\S+/.exec(command) ?? [];
      const isWithChart = /^helm (?:install|upgrade) /.test(command);
      expect([folder !== "", existsSync(join(root, folder))]).toEqual([isWithChart, true]);
      for (const [, keys = ""] of command.matchAll(/--set '?([\w.]+)=/g)) {
        let schema = chart;
        for (const key of keys.split(".")) schema = schema?.properties?.[key];
        expect(schema, keys).toBeDefined();
      }
    });
  }
});

describe("a line of kubectl", () => {
  const installed = manifests(join(root, "infra/helm/repull/ci/observe-values.yaml"), "1.36");
  const patches = linesOf("kubectl").filter(({ command }) => command.includes(" patch "));
  test("is found", () => expect(patches.length).toBe(2));
  for (const { path, command } of patches) {
    test(`changes an object that the chart makes, by a patch of its own kind: ${path}: ${command.slice(0, 70)}`, () => {
      const [, kind = "", name = ""] = / patch (\w+) (\S+) /.exec(command) ?? [];
      const object = installed.find((one) => one.kind.toLowerCase() === kind && one.metadata.name === name);
      expect(object?.metadata.namespace).toBe("repull");
      const [, type = "", patch = ""] = /--type (\w+) -p '([^']+)'/.exec(command) ?? [];
      expect(Array.isArray(JSON.parse(patch))).toBe(type === "json");
    });
  }

  test("deletes a definition that the chart makes", () => {
    const deleted = linesOf("kubectl").flatMap(({ command }) => /delete crd (\S+)/.exec(command)?.[1] ?? []);
    const made = installed
      .filter(({ kind }) => kind === "CustomResourceDefinition")
      .map((one) => one.metadata.name);
    expect(made).toEqual(expect.arrayContaining(deleted));
    expect(deleted.length).toBeGreaterThan(0);
  });
});

describe("a line of repull kubernetes", () => {
  const ours = linesOf("repull kubernetes");
  test("is found", () => expect(ours.length).toBeGreaterThanOrEqual(2));
  for (const { path, command } of ours) {
    test(`has options that the command has: ${path}: ${command.slice(0, 70)}`, () => {
      const [own = ""] = command.split(" | ");
      const help = repull(...(/^repull (kubernetes \w+)/.exec(own)?.[1] ?? "").split(" "), "--help");
      for (const [option] of own.matchAll(/--[a-z-]+/g)) expect(help).toContain(option);
    });
  }

  test("prints objects for the version of the page, and for the least that the page names", () => {
    const [, version = ""] = /--kube-version (\S+)/.exec(ours.map(({ command }) => command).join("\n")) ?? [];
    for (const one of [version, "1.30"])
      expect(manifests(join(root, "infra/helm/repull/ci/remediate-values.yaml"), one).length).toBeGreaterThan(
        10,
      );
  });
});
