/** `repull kubernetes controller`. */

import { Option } from "commander";
import { MODES } from "../../../kubernetes/mode.ts";
import { WrongCall } from "../../wrong-call.ts";
import { allowedRegistries } from "../options/allowed-registries.ts";
import { listenAddress } from "../options/listen-address.ts";
import type { KubernetesParts } from "./kubernetes-parts.ts";

export function addControllerCommand({ group, io, finish }: KubernetesParts): void {
  group
    .command("controller")
    .description(
      "Keep the index of proved images, and heal waiting pods in place, until it is stopped. One of several leads.",
    )
    .option("--kubeconfig <file>", "the cluster; in a pod, its service account is used without one")
    .option("--context <name>", "a context of the kubeconfig")
    .option("-n, --namespace <name>", "where Repull runs", "repull")
    .option("--policy <file>", "the policy document; read again when it changes")
    .option("--no-aws", "ask registries only, without an AWS account")
    .option("--metrics <address>", "where Prometheus reads: /metrics, /healthz, /readyz", listenAddress)
    .option("--certificates <secret>", "keep the webhook's certificates in this Secret")
    .option(
      "--allowed-registries <names>",
      "the registries, or registries with a repository path, with commas between, that images may be replaced by",
      allowedRegistries,
    )
    .addOption(
      new Option("--copies <by>", "who copies images into ECR: the stack's mirror function, or this process")
        .choices(["none", "stack", "in-pod"])
        .default("none"),
    )
    .option(
      "--stack <name>",
      "the stack of --copies stack, whose table counts the quotas too, and of --report-as",
      "repull",
    )
    .option(
      "--report-as <name>",
      "the cluster's name in EKS: report the images in use to the clean-up of --stack (infra/mirrors.yaml)",
    )
    .option(
      "--custom-resources <names>",
      "of --report-as: definitions of custom resources whose images pods name too, with commas between (rollouts.argoproj.io, *.argoproj.io)",
      definitionNames,
    )
    .addOption(
      new Option("--mode <mode>", "the most that may be done; labels only lower it")
        .choices(MODES)
        .default("observe"),
    )
    .action((options) =>
      finish(async () => (await import("../../commands/kubernetes/controller.ts")).controller(options, io)),
    );
}

/** Throws WrongCall. */
function definitionNames(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  const strange = names.find((name) => !/^(?:\*|[a-z0-9-]+)(?:\.[a-z0-9-]+)+$/.test(name));
  if (strange !== undefined)
    throw new WrongCall(`--custom-resources: expected names such as rollouts.argoproj.io, got ${text}`);
  return names;
}
