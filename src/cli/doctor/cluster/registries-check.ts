/** Which images the fence lets Repull write, and whether the controller has the same list. */

import { controllerOption } from "../../../cluster/controller-option.ts";
import { isAllowedEntry } from "../../../kubernetes/policies/allowed-images.ts";
import { type Check, failed, listed, passed, skipped } from "../check.ts";
import { type ClusterUnderTest, part, unreadPart } from "./cluster-under-test.ts";

type Variables = { readonly variables?: readonly { readonly name?: string; readonly expression?: string }[] };

export async function registriesCheck({ cluster, namespace }: ClusterUnderTest): Promise<Check> {
  const check = "registries";
  const remedy =
    "helm upgrade with the same allowedRegistries for both: the chart gives them to fence and controller";
  const fence = await part(() => cluster.get("validatingadmissionpolicies", { name: "repull-pods" }));
  if (fence.kind === "unread") return unreadPart(check, fence);
  const { variables = [] } = (fence.value?.spec ?? {}) as Variables;
  const fenced = entriesIn(variables.find(({ name }) => name === "allowedRegistries")?.expression);
  if (fenced === undefined) return skipped(check, "there is no fence that names registries");
  const wrong = fenced.filter((entry) => !isAllowedEntry(entry));
  if (wrong.length > 0)
    return failed(
      check,
      `no image is of ${listed(wrong)}: a registry is a host with a dot or a port`,
      "correct the chart's allowedRegistries",
    );
  const told = await part(() => controllerOption(cluster, namespace, "--allowed-registries"));
  if (told.kind === "unread") return unreadPart(check, told);
  const words = `Repull may put images of ${listed(fenced)} into pods`;
  if (told.value === undefined) return passed(check, words);
  const other = differenceOf(fenced, told.value.split(","));
  if (other.length > 0)
    return failed(check, `only one of the fence and the controller has ${listed(other)}`, remedy);
  return passed(check, words);
}

/** The list as the chart renders it; undefined where it is another expression. */
function entriesIn(expression: string | undefined): readonly string[] | undefined {
  try {
    const list: unknown = JSON.parse(expression ?? "");
    return Array.isArray(list) ? list.map(String) : undefined;
  } catch {
    return undefined;
  }
}

function differenceOf(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...a.filter((one) => !b.includes(one)), ...b.filter((one) => !a.includes(one))];
}
