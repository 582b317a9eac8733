/** The commands of a cluster: `repull kubernetes …`. Each is a file next to this one, and loads its own code only. */

import type { ProgramParts } from "../program-parts.ts";
import { addControllerCommand } from "./controller-command.ts";
import type { KubernetesParts } from "./kubernetes-parts.ts";
import { addManifestsCommand } from "./manifests-command.ts";
import { addWebhookCommand } from "./webhook-command.ts";

/** In the order of the help. */
const COMMANDS: readonly ((parts: KubernetesParts) => void)[] = [
  addControllerCommand,
  addWebhookCommand,
  addManifestsCommand,
];

export function addKubernetesCommands({ program, io, finish }: ProgramParts): void {
  // A group without commands would only be a line in the help.
  if (COMMANDS.length === 0) return;
  const group = program
    .command("kubernetes")
    .description(
      "Keep the pods of a Kubernetes cluster starting: its controller, its webhook and its objects.",
    );
  for (const add of COMMANDS) add({ group, io, finish });
}
