/** The Helm chart as files, path → text: all of `infra/helm/repull` but `ci/`, which holds sets of values for tests. */

import * as z from "zod";
import packageJson from "../../package.json" with { type: "json" };
import { CHART_DOCUMENTS } from "../../src/kubernetes/chart/chart-documents.ts";
import {
  CHART_DEFAULTS,
  chartValuesJsonSchema,
  chartValuesSchema,
} from "../../src/kubernetes/chart/chart-values.ts";
import { toTemplate } from "./to-template.ts";

const MADE = "# Made by `npm run chart` from src/kubernetes/chart; a test compares. Change it there.\n";

export function chartFiles(): Readonly<Record<string, string>> {
  const templates = Object.entries(CHART_DOCUMENTS).map(([name, documents]) => [
    `templates/${name}`,
    `${MADE.replace("# ", "{{- /* ").replace("\n", " */ -}}\n")}${toTemplate(documents)}`,
  ]);
  return {
    "Chart.yaml": CHART,
    "values.yaml": `${MADE}${valuesYaml(CHART_DEFAULTS, chartValuesSchema)}`,
    "values.schema.json": `${JSON.stringify(chartValuesJsonSchema(), null, 2)}\n`,
    "templates/NOTES.txt": NOTES,
    ...Object.fromEntries(templates),
  };
}

const CHART = `${MADE}apiVersion: v2
name: repull
description: Keeps pods starting when a registry's pull limit strikes, by proved copies of their images.
type: application
version: ${packageJson.version}
appVersion: ${packageJson.version}
# The fence needs ValidatingAdmissionPolicy, which is v1 from 1.30 on.
kubeVersion: ">=1.30.0-0"
`;

const NOTES = `Repull runs in the mode {{ .Values.mode }}.

What it would do, or does:  kubectl get events -A --field-selector reportingComponent=repull.dev/controller
What it has proved:         kubectl get imageindexes.repull.dev
Whether all is well:        repull doctor --kube-context CONTEXT
`;

/** The defaults, each with what its schema says of it. JSON at the leaves is YAML too. */
function valuesYaml(values: object, schema: z.core.$ZodType | undefined, indent = ""): string {
  return Object.entries(values)
    .map(([name, value]) => {
      const one = schema instanceof z.core.$ZodObject ? schema._zod.def.shape[name] : undefined;
      const description = one === undefined ? undefined : z.globalRegistry.get(one)?.description;
      const comment = description === undefined ? "" : wrapped(description, indent);
      const isParent = typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 0;
      const text = isParent ? `\n${valuesYaml(value, one, `${indent}  `)}` : ` ${JSON.stringify(value)}\n`;
      return `${comment}${indent}${name}:${text}`;
    })
    .join("");
}

const WIDTH = 110;

function wrapped(text: string, indent: string): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH) lines.push(`${lines.pop()} ${word}`);
    else lines.push(`${indent}# ${word}`);
  }
  return `${lines.join("\n")}\n`;
}
