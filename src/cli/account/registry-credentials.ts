/** Who the person at the command line is at a registry: AWS's own credentials for ECR, else what `docker login` left. */

import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { registryOf } from "../../image/registry-hosts.ts";
import type { Credentials, FindCredentials } from "../../oci/auth/credentials.ts";
import { loginFor, readHelperAnswer } from "../../oci/auth/docker-config.ts";
import type { CommandIo } from "../io.ts";

const HELPER_TIMEOUT_MS = 15_000;

/** Looks credentials up for a host. What cannot be read is reported on standard error, once, and counts as none. */
export function userCredentials(
  io: Pick<CommandIo, "env" | "err" | "readFile">,
  ecrCredentials: FindCredentials,
): FindCredentials {
  const told = new Set<string>();
  const tell = (message: string): void => {
    if (!told.has(message)) io.err(`repull: ${message}\n`);
    told.add(message);
  };
  return async (host, access) => {
    if (registryOf(host).kind === "ecr") {
      try {
        const own = await ecrCredentials(host, access);
        if (own !== undefined) return own;
      } catch (error) {
        tell(
          `no credentials for ${host} from AWS: ${error instanceof Error ? error.message : "the look-up failed"}`,
        );
      }
    }
    return dockerLogin(host, io, tell);
  };
}

async function dockerLogin(
  host: string,
  { env, readFile }: Pick<CommandIo, "env" | "readFile">,
  tell: (message: string) => void,
): Promise<Credentials | undefined> {
  const folder = env.DOCKER_CONFIG || `${env.HOME ?? ""}/.docker`;
  const path = `${folder}/config.json`;
  const config = await readFile(path);
  if (config === undefined) return undefined;
  const login = loginFor(config, host);
  if (login.kind === "known") return login.credentials;
  if (login.kind === "unreadable") tell(`${path}: ${login.because}; going on without a login for ${host}`);
  if (login.kind !== "helper") return undefined;
  const answer = await askHelper(login.helper, login.server, env);
  if (answer.kind === "missing") {
    tell(
      `${path} leaves the login for ${host} to docker-credential-${login.helper}, which is not installed; going on without`,
    );
  }
  return answer.kind === "answered" ? readHelperAnswer(answer.text) : undefined;
}

type HelperAnswer =
  | { readonly kind: "answered"; readonly text: string }
  | { readonly kind: "missing" | "none" };

/** The helpers' protocol: the server's name on standard input, JSON on standard output. Its errors may name secrets. */
function askHelper(name: string, server: string, env: CommandIo["env"]): Promise<HelperAnswer> {
  return new Promise((resolve) => {
    const helper = spawn(`docker-credential-${name}`, ["get"], {
      env: { ...env },
      stdio: ["pipe", "pipe", "ignore"],
      timeout: HELPER_TIMEOUT_MS,
    });
    const answer = text(helper.stdout);
    helper.once("error", () => resolve({ kind: "missing" }));
    helper.once("close", async (status) => {
      resolve(status === 0 ? { kind: "answered", text: await answer } : { kind: "none" });
    });
    helper.stdin.on("error", () => {});
    helper.stdin.end(server);
  });
}
