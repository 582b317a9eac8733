import { describe, expect, test } from "vitest";
import {
  boundedModes,
  indexModes,
  loweredModes,
  modeOfWorkload,
} from "../../src/kubernetes/workload-modes.ts";

const deployment = (name: string, modeLabel?: string, namespace = "shop") => ({
  namespace,
  kind: "Deployment",
  name,
  ...(modeLabel === undefined ? {} : { modeLabel }),
});

describe("loweredModes", () => {
  test("names the workloads whose label lowers their mode; another word observes, and remediate is not one", () => {
    const all = [
      deployment("a"),
      deployment("b", "off"),
      deployment("c", "observe"),
      deployment("d", "remediate"),
      deployment("e", "Off"),
      deployment("f", ""),
    ];
    expect(Object.fromEntries(loweredModes(all.values()))).toEqual({
      "shop/Deployment/b": "off",
      "shop/Deployment/c": "observe",
      "shop/Deployment/e": "observe",
      "shop/Deployment/f": "observe",
    });
  });
});

type Labelled = { namespace: string; kind: string; name: string; modeLabel?: string; cronJob?: string };

describe("loweredModes of a Job of a labelled CronJob", () => {
  const cronJob = { namespace: "shop", kind: "CronJob", name: "report", modeLabel: "off" };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, job: { name: string; cronJob?: string; modeLabel?: string; namespace?: string }, named: object])[] = [
    ["names it where a person has named it",                { name: "report-by-hand", cronJob: "report" },                        { "shop/Job/report-by-hand": "off" }],
    ["names it where it is called as its CronJob",          { name: "report", cronJob: "report" },                                { "shop/Job/report": "off" }],
    ["names it where a number makes it another's",          { name: "other-1", cronJob: "report" },                               { "shop/Job/other-1": "off" }],
    ["keeps the lower mode",                                { name: "by-hand", cronJob: "report", modeLabel: "observe" },         { "shop/Job/by-hand": "off" }],
    ["spares the room where its name says it",              { name: "report-29400480", cronJob: "report" },                       {}],
    ["names no Job of another namespace",                   { name: "by-hand", cronJob: "report", namespace: "other" },           {}],
    ["names no Job without a CronJob",                      { name: "by-hand" },                                                  {}],
  ];
  for (const [title, job, named] of table)
    test(title, () => {
      const all = new Map<string, Labelled>([
        ["job", { namespace: "shop", kind: "Job", ...job }],
        ["cron", cronJob],
      ]);
      expect(Object.fromEntries(loweredModes(all.values()))).toEqual({
        "shop/CronJob/report": "off",
        ...named,
      });
    });
});

test("indexModes names the Jobs by hand of a namespace with the lowest mode of its labelled CronJobs", () => {
  const cronJob = (name: string, modeLabel?: string, namespace = "shop"): Labelled => ({
    namespace,
    kind: "CronJob",
    name,
    ...(modeLabel === undefined ? {} : { modeLabel }),
  });
  const all = [cronJob("a", "off"), cronJob("b", "observe"), cronJob("c"), cronJob("d", undefined, "other")];
  expect(Object.fromEntries(indexModes(all))).toEqual({
    "shop/CronJob/a": "off",
    "shop/CronJob/b": "observe",
    "shop/Job": "off",
  });
});

describe("modeOfWorkload", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, modes: Record<string, "off" | "observe">, workload: string, mode?: string])[] = [
    ["the workload itself",                           { "shop/Deployment/web": "off" },                             "Deployment/web",       "off"],
    ["no workload of another namespace",              { "other/Deployment/web": "off" },                            "Deployment/web"],
    ["no workload of another kind",                   { "shop/StatefulSet/web": "off" },                            "Deployment/web"],
    ["no workload whose name begins alike",           { "shop/Deployment/web": "off" },                             "Deployment/web-api"],
    ["a Job of its CronJob",                          { "shop/CronJob/report": "off" },                             "Job/report-29400480",  "off"],
    ["a Job that bears its own label",                { "shop/Job/report-29400480": "observe" },                    "Job/report-29400480",  "observe"],
    ["no Job whose name has letters after the CronJob's", { "shop/CronJob/report": "off" },                         "Job/report-by-hand"],
    ["a Job without a number where a CronJob is labelled", { "shop/Job": "observe" },                             "Job/by-hand",          "observe"],
    ["no Job with a number there",                    { "shop/Job": "observe" },                                    "Job/other-29400480"],
    ["no other workload there",                       { "shop/Job": "observe" },                                    "Deployment/web"],
    ["each workload of a namespace",                  { shop: "observe" },                                          "Deployment/web",       "observe"],
    ["every workload",                                { "*": "off" },                                               "Deployment/web",       "off"],
    ["the lowest of several",                         { "*": "observe", "shop/Deployment/web": "off" },             "Deployment/web",       "off"],
  ];
  for (const [title, modes, workload, mode] of table)
    test(`lowers ${title}`, () => {
      const [kind = "", name = ""] = workload.split("/");
      expect(modeOfWorkload(new Map(Object.entries(modes)), "shop", { kind, name })).toBe(mode);
    });
});

describe("boundedModes", () => {
  const many = (count: number, namespaces: number) =>
    loweredModes(
      Array.from({ length: count }, (_, at) =>
        deployment(`web-${at}`, at === 0 ? "off" : "observe", `ns-${at % namespaces}`),
      ),
    );

  test("keeps each workload while there is room", () => {
    expect(Object.keys(boundedModes(many(3, 2), 3))).toHaveLength(3);
  });

  test("lowers whole namespaces where there are more, by the lowest in each", () => {
    expect(boundedModes(many(6, 2), 3)).toEqual({ "ns-0": "off", "ns-1": "observe" });
  });

  test("lowers the namespaces that have the most, and leaves the workloads of the others to their own labels", () => {
    const many = [...Array(9).keys()].map((at) => deployment(`web-${at}`, "off", "loud"));
    const all = loweredModes([...many, deployment("a", "off", "quiet"), deployment("b", "observe", "quiet")]);
    expect(boundedModes(all, 3)).toEqual({
      loud: "off",
      "quiet/Deployment/a": "off",
      "quiet/Deployment/b": "observe",
    });
  });

  test("lowers every workload where there are too many namespaces", () => {
    expect(boundedModes(many(8, 8), 3)).toEqual({ "*": "off" });
  });
});
