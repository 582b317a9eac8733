/** kubectl and helm, as a person calls them. */

import { spawn } from "node:child_process";
import { type KubeTool, toolPath } from "./kube-tools.ts";

export type Ran = { readonly status: number; readonly stdout: string; readonly stderr: string };

export type RunInput = {
  readonly stdin?: string;
  /** Another than the administrator's. */
  readonly kubeconfig?: string;
  /** Answers what went wrong; otherwise it is thrown. */
  readonly mayFail?: boolean;
};

export type RunTool = (args: readonly string[], input?: RunInput) => Promise<Ran>;

export type Kubectl = RunTool & {
  /** `apply -f -`, or `create` where the names are generated. */
  apply(yaml: string | object, input?: Omit<RunInput, "stdin">): Promise<Ran>;
  /** The object, or the list, as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects to be there
  json(args: readonly string[], input?: RunInput): Promise<any>;
};

const RUN_MS = 60_000;

export function kubectlFor(env: NodeJS.ProcessEnv): Kubectl {
  const run: RunTool = (args, input) => runTool("kubectl", args, { env, ...input });
  return Object.assign(run, {
    apply: (yaml: string | object, input: Omit<RunInput, "stdin"> = {}) =>
      run(["apply", "-f", "-"], { ...input, stdin: typeof yaml === "string" ? yaml : JSON.stringify(yaml) }),
    json: async (args: readonly string[], input: RunInput = {}) =>
      JSON.parse((await run([...args, "-o", "json"], input)).stdout),
  });
}

export async function runTool(
  tool: KubeTool,
  args: readonly string[],
  { env, stdin = "", kubeconfig, mayFail = false }: RunInput & { readonly env: NodeJS.ProcessEnv },
): Promise<Ran> {
  const child = spawn(toolPath(tool), args, {
    timeout: RUN_MS,
    killSignal: "SIGKILL",
    env: {
      PATH: process.env.PATH ?? "",
      ...env,
      ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }),
    },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (part) => out.push(part));
  child.stderr.on("data", (part) => err.push(part));
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const status = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 128));
  });
  const ran = {
    status,
    stdout: Buffer.concat(out).toString("utf8"),
    stderr: Buffer.concat(err).toString("utf8"),
  };
  if (status !== 0 && !mayFail) throw new Error(`${tool} ${args.join(" ")}: ${ran.stderr || ran.stdout}`);
  return ran;
}
