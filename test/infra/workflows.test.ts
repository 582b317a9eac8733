/** What GitHub runs for us: by which code, with which rights. Nothing here reaches GitHub; the files are read. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

const FOLDER = new URL("../../.github/workflows/", import.meta.url);

type Step = { readonly uses?: string; readonly run?: string; readonly with?: Record<string, unknown> };
type Job = {
  readonly permissions?: Record<string, string>;
  readonly steps: readonly Step[];
  readonly "timeout-minutes"?: number;
  readonly environment?: string;
};
type Workflow = {
  readonly on: Record<string, unknown>;
  readonly permissions: unknown;
  readonly jobs: Record<string, Job>;
};

/** Each right that a job may have, and the jobs that have it. No job has any other right. */
const RIGHTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "ci.yml everything": { contents: "read" },
  "ci.yml workflows": { contents: "read" },
  "release.yml build": { contents: "read" },
  "release.yml release": { contents: "write", "id-token": "write", attestations: "write" },
  "release.yml npm": { "id-token": "write" },
};

const workflows = readdirSync(FOLDER).map((name) => {
  const text = readFileSync(new URL(name, FOLDER), "utf8");
  return { name, text, workflow: parse(text) as Workflow };
});
const jobs = workflows.flatMap(({ name, workflow }) =>
  Object.entries(workflow.jobs).map(([id, job]) => ({ name: `${name} ${id}`, job })),
);

test("the jobs are those whose rights are written down", () =>
  expect(jobs.map(({ name }) => name).toSorted()).toEqual(Object.keys(RIGHTS).toSorted()));

for (const { name, text, workflow } of workflows) {
  describe(name, () => {
    test("gives no right to a job that does not name it", () => expect(workflow.permissions).toEqual({}));

    test("is not started by what a stranger's pull request may write", () =>
      expect(Object.keys(workflow.on)).not.toContain("pull_request_target"));

    test("pins every action by its commit, and says which version that is", () => {
      const used = [...text.matchAll(/^\s*(?:- )?uses: (.*)$/gm)].map(([, action]) => action ?? "");
      expect(used.length).toBeGreaterThan(1);
      for (const action of used) expect(action).toMatch(/^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    });
  });
}

test("one action has one commit in all of them", () => {
  const pins = new Map<string, Set<string>>();
  for (const [, action = "", commit = ""] of workflows
    .map(({ text }) => text)
    .join("\n")
    .matchAll(/uses: ([\w./-]+)@(.*)$/gm))
    pins.set(action, (pins.get(action) ?? new Set()).add(commit));
  for (const [action, commits] of pins) expect([action, ...commits]).toHaveLength(2);
});

for (const { name, job } of jobs) {
  describe(name, () => {
    test("has the rights that are written down, and no other", () =>
      expect(job.permissions).toEqual(RIGHTS[name]));

    test("ends", () => expect(job["timeout-minutes"]).toBeLessThanOrEqual(90));

    test("puts nothing into a shell that comes from an event", () => {
      for (const { run = "" } of job.steps) expect(run).not.toContain("${{");
    });

    test("leaves no credential in the checkout", () => {
      for (const { uses = "", with: options = {} } of job.steps)
        if (uses.startsWith("actions/checkout@")) expect(options["persist-credentials"]).toBe(false);
    });

    // A job that may publish runs nothing of the tree, nor of its dependencies: it publishes what was built elsewhere.
    if (job.permissions?.["id-token"] === "write") {
      test("runs no code of a dependency, and has checked what it publishes", () => {
        const run = job.steps.map((step) => step.run ?? "").join("\n");
        expect(run).not.toMatch(/npm (?:ci|install|run|test)|\.ci\//);
        expect(run).toContain("sha256sum --check");
        expect(job.steps.some(({ uses = "" }) => uses.startsWith("actions/checkout@"))).toBe(false);
      });
    }
  });
}

test("publishes to npm only what npm's trusted publisher allows, without a script and with its provenance", () => {
  const npm = jobs.find(({ name }) => name === "release.yml npm")?.job;
  expect(npm?.environment).toBe("npm");
  const [publish] = (npm?.steps ?? []).flatMap(({ run }) => (run?.startsWith("npm publish") ? [run] : []));
  expect(publish).toMatch(/--provenance\b/);
  expect(publish).toMatch(/--ignore-scripts\b/);
});

test("no job needs a stored secret", () => {
  for (const { text } of workflows) expect(text).not.toMatch(/secrets\./);
});
