/** `repull kubernetes manifests`, as commander reads it. */

import { InvalidArgumentError } from "commander";
import type { KubernetesParts } from "./kubernetes-parts.ts";

export function addManifestsCommand({ group, io, finish }: KubernetesParts): void {
  group
    .command("manifests")
    .description("Print the objects that the Helm chart installs, as YAML, for an installation without Helm.")
    .option(
      "--values <file>",
      "values for the chart, as for helm; may be repeated, the later file wins",
      every,
      [],
    )
    .option("-n, --namespace <name>", "the namespace to install into; it must exist", aNamespace, "repull")
    .option(
      "--kube-version <version>",
      "the cluster's version; it decides what `admission: auto` is",
      aVersion,
      "1.36",
    )
    .action((options) =>
      finish(async () =>
        (await import("../../commands/kubernetes/manifests.ts")).kubernetesManifests(options, io),
      ),
    );
}

function every(file: string, before: readonly string[]): readonly string[] {
  return [...before, file];
}

function aNamespace(name: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
    throw new InvalidArgumentError("A namespace has small letters, digits and hyphens.");
  return name;
}

/** As `kubectl version` prints it, or its beginning. */
function aVersion(text: string): string {
  const found = /^v?(1\.[0-9]{1,3})(?:\.[0-9]+.*)?$/.exec(text)?.[1];
  if (found === undefined) throw new InvalidArgumentError("A version is such as 1.36.");
  return found;
}
