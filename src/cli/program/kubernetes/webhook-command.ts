/** `repull kubernetes webhook`. */

import { Option } from "commander";
import { MODES } from "../../../kubernetes/mode.ts";
import { listenAddress } from "../options/listen-address.ts";
import type { KubernetesParts } from "./kubernetes-parts.ts";

export function addWebhookCommand({ group, io, finish }: KubernetesParts): void {
  group
    .command("webhook")
    .description(
      "Answer the API server's admission requests, until it is stopped. Reads the index; writes nothing.",
    )
    .requiredOption("--listen <address>", "where the API server asks: HOST:PORT or :PORT", listenAddress)
    .requiredOption("--tls-cert <file>", "the serving certificate, in PEM; read again when it changes")
    .requiredOption("--tls-key <file>", "its key, in PEM")
    .option("--kubeconfig <file>", "the cluster; in a pod, its service account is used without one")
    .option("--context <name>", "a context of the kubeconfig")
    .option("--metrics <address>", "where Prometheus reads: /metrics, /healthz, /readyz", listenAddress)
    .option("-n, --namespace <name>", "where Repull runs", "repull")
    .addOption(
      new Option("--mode <mode>", "the most that may be done; labels only lower it")
        .choices(MODES)
        .default("observe"),
    )
    .action((options) =>
      finish(async () => (await import("../../commands/kubernetes/webhook.ts")).webhook(options, io)),
    );
}
