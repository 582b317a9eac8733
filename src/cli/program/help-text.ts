/** The text below the options in each command's help: how it is called, and what its exit status means. */

import type { Command } from "commander";
import { statusHelp } from "./status-help.ts";

/** By the command's words. Each line is a call that works, given the names in it. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  demo: ["repull demo", "repull demo --seed 7 --json"],
  explain: [
    'repull explain --text "toomanyrequests: You have reached your pull rate limit."',
    "kubectl describe pod web | repull explain -",
  ],
  replay: ["repull replay event.json", "repull replay event.json --aws --yes"],
  status: ["repull status", "repull status --stack repull --json"],
  pause: [
    'repull pause --because "payment freeze"',
    'repull pause --stack repull --because "incident 42" --yes',
  ],
  resume: ["repull resume", "repull resume --stack repull --yes"],
  scan: [
    "repull scan",
    "repull scan --cluster prod --html report.html",
    "repull scan --csv > images.csv",
    "repull scan --profile shop,bank --html report.html",
    "repull scan --organization --ou ou-abcd-11111111",
    "repull scan --kube-context blue --account",
  ],
  diagnose: ["repull diagnose prod/web", "repull diagnose event.json --offline"],
  plan: ["repull plan web", "repull plan prod/web --json"],
  fix: ["repull fix prod/web", "repull fix web --cluster prod --yes --no-wait"],
  check: [
    "repull check",
    "repull check --fix deploy/ Dockerfile",
    "helm template chart/ | repull check -",
    "repull check --exclude vendor --exclude 'test/**/*.yaml'",
    "repull check --offline --sarif repull.sarif .",
  ],
  doctor: ["repull doctor", "repull doctor --stack repull --probe"],
  "policy init": ["repull policy init > policy.json"],
  "policy check": ["repull policy check policy.json", "repull policy check policy.json --stack repull"],
  "policy schema": ["repull policy schema > policy.schema.json"],
  "policy public-images": ["repull policy public-images --json"],
  "sandbox serve": ["repull sandbox serve", "repull sandbox serve --world world.json --port 4599 --speed 20"],
  "kubernetes controller": [
    "repull kubernetes controller --kubeconfig config --context blue --allowed-registries public.ecr.aws",
    "repull kubernetes controller --allowed-registries public.ecr.aws --report-as blue --stack repull",
  ],
  "kubernetes manifests": [
    "repull kubernetes manifests --values values.yaml --kube-version 1.36 | kubectl apply --server-side -f -",
  ],
  "kubernetes webhook": [
    "repull kubernetes webhook --listen 127.0.0.1:8443 --tls-cert tls.crt --tls-key tls.key --kubeconfig config",
  ],
  mirror: [
    "repull mirror nginx:1.27 123456789012.dkr.ecr.eu-west-1.amazonaws.com/own/nginx:1.27",
    "repull mirror nginx:1.27 registry.example.com/nginx:1.27 --platform linux/arm64",
  ],
  "mirrors list": ["repull mirrors", "repull mirrors --stack repull --json"],
  "mirrors refresh": ["repull mirrors refresh", "repull mirrors refresh --stack repull --yes"],
  "mirrors prune": ["repull mirrors prune", "repull mirrors prune --stack repull --yes"],
  "mirrors cache create": [
    "repull mirrors cache create --registry docker-hub --secret SECRET_ARN",
    "repull mirrors cache create --registry quay --prefix quay-cache --yes",
  ],
  "rate-limit": ["repull rate-limit", "repull rate-limit --pulls 40"],
  history: ["repull history", "repull history --since 6h --json"],
  undo: ["repull undo web --cluster prod", "repull undo --since 6h --yes"],
  approve: ["repull approve", "repull approve EXECUTION"],
  deny: ['repull deny EXECUTION --because "not during the freeze"'],
  version: ["repull version"],
  completion: ["source <(repull completion bash)", "repull completion fish | source"],
  schema: ["repull schema", "repull schema plan"],
};

/** By the command's words: its line in the list of all commands. */
export const SUMMARIES: Readonly<Record<string, string>> = {
  demo: "play a whole story in a sandbox",
  explain: "say what an event or an error text means",
  replay: "remediate a recorded event, in a sandbox or with --aws",
  sandbox: "serve a sandbox to other programs",
  scan: "list what depends on Docker Hub",
  diagnose: "say why a task does not start",
  plan: "show what would be done for a service",
  fix: "move a service to another source of its images",
  status: "show what runs, what waits and whether writes are allowed",
  check: "find images of Docker Hub in files, and replace them",
  doctor: "check a deployed stack, part by part",
  pause: "stop every write of a stack",
  resume: "let a paused stack write again",
  history: "list what was done, and how it ended",
  undo: "go back to the previous revision",
  approve: "approve a plan that waits",
  deny: "deny a plan that waits",
  kubernetes: "keep the pods of a Kubernetes cluster starting",
  mirror: "copy an image between registries",
  mirrors: "list the copies in ECR, renew them, and delete the unused ones",
  "mirrors list": "list the copies, and who uses them (also without a command)",
  "mirrors refresh": "say which tags have moved, and copy them with --yes",
  "mirrors prune": "say which copies nothing uses, and delete them with --yes",
  "mirrors cache": "create a pull-through cache rule of ECR",
  "mirrors cache create": "show the rule and its template, and create them with --yes",
  "kubernetes controller": "run the controller",
  "kubernetes webhook": "run the admission webhook",
  "kubernetes manifests": "print the objects to install",
  "sandbox serve": "serve an AWS account and its registries on loopback",
  "policy init": "print a document with every key, its default and what it decides",
  "policy check": "say what a document means, and which rights it needs",
  "policy schema": "print the JSON Schema of a document, for editors",
  "policy public-images": "check the table of publishers' images on ECR Public",
  "rate-limit": "show how many pulls Docker Hub still grants",
  policy: "write, check and describe a policy document",
  version: "print the version",
  completion: "print the script for a shell's completion",
  schema: "print the JSON Schema of what --json prints",
};

const ENVIRONMENT = `
Environment:
  AWS_REGION, AWS_PROFILE        where and as whom, as in every AWS tool
  REPULL_REGISTRY_ENDPOINTS      other addresses of registries: host=url,host=url
  DOCKER_CONFIG                  logins of registries
  HTTPS_PROXY, NO_PROXY          the proxy to AWS and to registries
  NO_COLOR                       no colours

repull help COMMAND shows its options, examples and exit statuses.`;

/** Adds all of it to the program and its commands. */
export function addHelpTexts(program: Command, path = ""): void {
  if (path === "") program.addHelpText("after", ENVIRONMENT);
  for (const command of program.commands) {
    const words = `${path} ${command.name()}`.trim();
    command.summary(SUMMARIES[words] ?? "");
    if (command.commands.length > 0) {
      addHelpTexts(command, words);
      command.addHelpText("after", `\n${examplesOf(firstExamples(words))}\n${helpOf(words)}`);
    } else command.addHelpText("after", `\n${examplesOf(EXAMPLES[words] ?? [])}\n${statusHelp(words)}`);
  }
}

function examplesOf(lines: readonly string[]): string {
  return `Examples:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

/** Of a group: the first example of each of its commands. */
function firstExamples(group: string): readonly string[] {
  return Object.entries(EXAMPLES).flatMap(([words, examples]) =>
    words.startsWith(`${group} `) ? examples.slice(0, 1) : [],
  );
}

function helpOf(group: string): string {
  return `repull help ${group} COMMAND shows the options, examples and exit statuses of one.`;
}
