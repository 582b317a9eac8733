/**
 * `repull kubernetes manifests`: the objects that the Helm chart installs, as YAML, for those who install without Helm.
 * Asks nothing of the world.
 */

import { parse, stringify } from "yaml";
import packageJson from "../../../../package.json" with { type: "json" };
import { InvalidInput } from "../../../image/invalid-input.ts";
import { chartObjects } from "../../../kubernetes/chart/chart-documents.ts";
import { CHART_DEFAULTS, chartValuesSchema } from "../../../kubernetes/chart/chart-values.ts";
import { isAtLeast } from "../../../kubernetes/chart/fill.ts";
import { isObject, mergeValues } from "../../../kubernetes/chart/merge-values.ts";
import type { Json, JsonObject } from "../../../runtime/json.ts";
import { EXIT } from "../../exit-status.ts";
import type { CommandIo } from "../../io.ts";
import { unreadableFile } from "../../wrong-call.ts";

/** The fence needs ValidatingAdmissionPolicy, which is v1 from here on: the chart's `kubeVersion` has the same bound. */
const KUBERNETES_FROM = "1.30";

export type ManifestsOptions = {
  /** Files of values; the later ones win. */
  readonly values: readonly string[];
  readonly namespace: string;
  readonly kubeVersion: string;
};

export async function kubernetesManifests(options: ManifestsOptions, io: CommandIo): Promise<number> {
  // kubectl would apply all but the fence, and leave a controller that it does not bound.
  if (!isAtLeast(options.kubeVersion, KUBERNETES_FROM))
    throw new InvalidInput("--kube-version", `${KUBERNETES_FROM} or newer, got ${options.kubeVersion}`);
  const files = await Promise.all(options.values.map((file) => readValues(file, io)));
  const merged = files.reduce<JsonObject>(mergeValues, CHART_DEFAULTS);
  const checked = chartValuesSchema.safeParse(merged);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new InvalidInput(
      ["values", ...(issue?.path ?? [])].join("."),
      `what the chart takes: ${issue?.message}`,
    );
  }
  const objects = chartObjects({
    Values: merged,
    Release: { Namespace: options.namespace },
    Chart: { AppVersion: packageJson.version },
    kubernetes: options.kubeVersion,
  });
  io.out(
    `# Repull ${packageJson.version}, for Kubernetes ${options.kubeVersion}, in the namespace ${options.namespace}.\n`,
  );
  for (const object of objects) io.out(`---\n${stringify(object, YAML)}`);
  return EXIT.done;
}

/** kubectl reads YAML 1.1, in which `off` is false where it has no quotes. */
const YAML = { version: "1.1", lineWidth: 0 } as const;

async function readValues(file: string, io: CommandIo): Promise<JsonObject> {
  const text = await io.readFile(file);
  if (text === undefined) throw unreadableFile(file, io, "--values");
  let values: Json | undefined;
  try {
    // Helm reads YAML 1.1.
    values = parse(text, { version: "1.1" }) ?? {};
  } catch (error) {
    throw new InvalidInput(file, `YAML: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  if (!isObject(values)) throw new InvalidInput(file, "an object of values");
  return values;
}
