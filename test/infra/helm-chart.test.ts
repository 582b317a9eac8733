/** infra/helm/repull is made: `npm run chart` writes it anew. */

import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, test } from "vitest";
import { chartFiles } from "../../infra/helm/chart-files.ts";
import { toTemplate } from "../../infra/helm/to-template.ts";
import { type Node, put, when } from "../../src/kubernetes/chart/marks.ts";
import { projectFiles } from "../support/project-files.ts";

const CHART = "infra/helm/repull/";

test("the chart's files are those that npm run chart writes", () => {
  const found = projectFiles()
    .filter(({ path }) => path.startsWith(CHART) && !path.startsWith(`${CHART}ci/`))
    .map(({ path, text }) => [path.slice(CHART.length), text] as const);
  deepEqual(Object.fromEntries(found), chartFiles());
});

describe("a template", () => {
  test("puts a value in as JSON where it is alone", () =>
    equal(toTemplate([{ a: put("Values.b") }]), "---\na: {{ .Values.b | toJson }}\n"));

  test("keeps a text of several lines as a block, with what is put in", () =>
    equal(
      toTemplate([{ a: `one\n  in ${put("Values.b", "json")}` }]),
      "---\na: |-\n  one\n    in {{ .Values.b | toJson }}\n",
    ));

  test("puts the condition of an item round all its lines", () =>
    equal(
      toTemplate([{ a: ["b", when({ set: "Values.c" }, { d: "e", f: "g" })] }]),
      "---\na:\n  - b\n  {{- if .Values.c }}\n  - d: e\n    f: g\n  {{- end }}\n",
    ));

  // biome-ignore format: a table is read by its columns
  const refused: readonly (readonly [title: string, node: Node])[] = [
    ["a list that may come out empty, which would be null",     { a: [when({ set: "Values.b" }, "c")] }],
    ["an object that may come out empty, which would be null",  { a: { b: when({ set: "Values.b" }, "c") } }],
    ["a text that Helm would take for an action",               { a: "{{ b }}" }],
    ["a block that begins with a space, which would be lost",   { a: ` b\n${put("Values.c")}` }],
    ["a document that is not an object",                            "a"],
  ];
  for (const [title, node] of refused)
    test(`refuses ${title}`, () => throws(() => toTemplate([node]), TypeError));
});
