/** What watches the stack: alarms that lead somewhere, figures that are really written, parameters that are explained. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { getObjects, isObject } from "../../src/ecs/json-fields.ts";
import { OUTCOMES } from "../../src/remediation/report/outcome.ts";
import { readTemplate } from "../support/aws/template.ts";

const { resources, parameters, metadata } = readTemplate({ NotifyEmail: "ops@example.com" });
const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const alarms = Object.entries(resources).flatMap(([name, { Type, Properties }]) =>
  Type === "AWS::CloudWatch::Alarm" && isObject(Properties) ? [{ name, alarm: Properties }] : [],
);

/** The anchors that a page's headings make. */
const anchors = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );

describe("alarms", () => {
  test("are there for the queues, each function, and each outcome that needs attention", () =>
    expect(alarms.length).toBeGreaterThan(10));

  for (const { name, alarm } of alarms) {
    test(`${name} says where its remedy is written, and reaches the topic`, () => {
      const page = /See (docs\/[\w-]+\.md)#([\w-]+)\.$/.exec(String(alarm.AlarmDescription));
      expect(page).not.toBeNull();
      expect(anchors(read(page?.[1] ?? ""))).toContain(page?.[2]);
      expect(alarm.AlarmActions).toEqual(["Topic"]);
    });
  }

  const ours = alarms.filter(
    ({ alarm }) => alarm.Namespace === "Repull" && alarm.MetricName === "Remediations",
  );
  for (const one of ["QuotaReached", "ExecutionDied", "ExecutionTooLong"]) {
    test(`${one} watches a figure that functions/metrics.ts writes without a dimension of its own`, () => {
      const alarm = alarms.find(({ name }) => name === one)?.alarm;
      expect(read("functions/metrics.ts")).toMatch(
        new RegExp(`(?:count|write)\\("${alarm?.MetricName}", (?:.*, )?\\{\\}\\)`),
      );
      expect(alarm?.Dimensions).toEqual([{ Name: "service", Value: "repull" }]);
    });
  }
  for (const { name, alarm } of ours) {
    test(`${name} watches a figure that functions/metrics.ts writes, with its dimensions`, () => {
      const dimensions = getObjects(alarm, "Dimensions");
      expect(read("functions/metrics.ts")).toContain(`"${alarm.MetricName}", { outcome:`);
      expect(dimensions.map(({ Name }) => Name)).toEqual(["service", "outcome"]);
      expect(dimensions[0]?.Value).toBe("repull");
      expect(Object.keys(OUTCOMES)).toContain(dimensions[1]?.Value);
    });
  }

  test("without a topic they only show", () => {
    const quiet = readTemplate().resources;
    expect(quiet.UnhandledAlarm?.Properties).not.toHaveProperty("AlarmActions");
    expect(quiet.Topic).toBeUndefined();
  });
});

describe("the topic", () => {
  const outcomesFor = (parameters: Readonly<Record<string, string>>): unknown => {
    const rule = readTemplate(parameters).resources.OutcomeRule?.Properties;
    return isObject(rule) && isObject(rule.EventPattern) && isObject(rule.EventPattern.detail)
      ? rule.EventPattern.detail.outcome
      : undefined;
  };
  const WELL = ["succeeded", "redeployed", "ignored", "superseded", "dry-run", "denied"];

  const NotifyEmail = "ops@example.com";
  for (const Mode of ["approve", "remediate"]) {
    test(`gets every outcome that needs attention, and no other, in the mode ${Mode}`, () =>
      expect(new Set(outcomesFor({ NotifyEmail, Mode }) as string[])).toEqual(
        new Set(Object.keys(OUTCOMES).filter((outcome) => !WELL.includes(outcome))),
      ));
  }
  test("gets what would have been done too, from a stack that observes", () =>
    expect(new Set(outcomesFor({ NotifyEmail }) as string[])).toEqual(
      new Set(Object.keys(OUTCOMES).filter((outcome) => outcome === "dry-run" || !WELL.includes(outcome))),
    ));
  test("is not made without an address", () => expect(outcomesFor({})).toBeUndefined());
});

describe("the dashboard", () => {
  const body = isObject(resources.Dashboard?.Properties) ? resources.Dashboard.Properties.DashboardBody : "";
  const measured = read("functions/metrics.ts");

  test("asks whether it works, what it did, and how near the limit is", () =>
    expect([...String(body).matchAll(/"## ([^"]+)"/g)].map(([, question]) => question)).toEqual([
      "Is it working?",
      "What did it do today?",
      "How near is the limit?",
    ]));

  test("shows every alarm of the stack", () => {
    const shown = [...String(body).matchAll(/"(\w+)\.Arn"/g)].map(([, name]) => name);
    expect(shown.toSorted()).toEqual(alarms.map(({ name }) => name).toSorted());
  });

  const figures = [...measured.matchAll(/(?:count|write)\("(\w+)"/g)].map(([, figure]) => figure ?? "");
  test("figures are found", () => expect(figures.length).toBeGreaterThan(6));
  for (const figure of figures) {
    test(`shows ${figure}, and docs/operating.md says what it counts`, () => {
      expect(String(body)).toMatch(
        new RegExp(`"Repull", "${figure}"|MetricName="${figure}"|MetricName=\\\\"${figure}\\\\"`),
      );
      expect(read("docs/operating.md")).toContain(`| \`${figure}\` |`);
    });
  }

  test("is JSON, and its widgets do not overlap", () => {
    const { widgets } = JSON.parse(String(body)) as {
      widgets: readonly { x: number; y: number; width: number; height: number }[];
    };
    const cells = widgets.flatMap(({ x, y, width, height }) =>
      Array.from(
        { length: width * height },
        (_, index) => `${x + (index % width)} ${y + Math.floor(index / width)}`,
      ),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});

describe("parameters", () => {
  const { ParameterGroups = [], ParameterLabels = {} } = metadata["AWS::CloudFormation::Interface"] as {
    ParameterGroups?: readonly { Parameters: readonly string[] }[];
    ParameterLabels?: Record<string, unknown>;
  };
  const names = Object.keys(parameters).toSorted();
  test("are in one group each", () =>
    expect(ParameterGroups.flatMap(({ Parameters }) => Parameters).toSorted()).toEqual(names));
  test("have a label each", () => expect(Object.keys(ParameterLabels).toSorted()).toEqual(names));
  for (const [name, parameter] of Object.entries(parameters)) {
    test(`${name} is described, and its default is one that it allows`, () => {
      expect(String(parameter.Description).length).toBeGreaterThan(20);
      // Nothing is taken as it comes: a pattern with its words, a list, or bounds.
      if (typeof parameter.AllowedPattern === "string")
        expect(String(parameter.ConstraintDescription)).toMatch(/\w{4}/);
      else expect(parameter.AllowedValues ?? parameter.MaxValue).toBeDefined();
      if (typeof parameter.AllowedPattern === "string" && parameter.Default !== undefined) {
        for (const item of String(parameter.Default)
          .split(",")
          .slice(0, /List/.test(String(parameter.Type)) ? 9 : 1))
          expect(item).toMatch(new RegExp(parameter.AllowedPattern));
      }
    });
  }
});
