/**
 * moto's server on a free port of loopback: ECS, ECR, EventBridge, SQS and STS as wire shapes. `pip install "moto[server]"`.
 *
 * It is reached by a door that adds the service deployments of ECS, which moto does not have.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../free-ports.ts";
import { stopProcess } from "../stop-process.ts";
import { openServiceDeploymentsDoor } from "./service-deployments-door.ts";

export const MOTO_CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" } as const;
/** The account that every caller of moto has. */
export const MOTO_ACCOUNT = "123456789012";

export type Moto = { readonly url: string; stop(): Promise<void> };

const START_MILLISECONDS_MAX = 60_000;

/** Starts moto and waits until it answers. Throws, with its own words, where it is not installed or does not start. */
export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const address = ["-H", "127.0.0.1", "-p", String(port)];
  const failures: string[] = [];
  for (const [command, ...first] of [["moto_server"], ["python3", "-m", "moto.server"]]) {
    if (command === undefined) continue;
    const server = spawn(command, [...first, ...address], { stdio: ["ignore", "ignore", "pipe"] });
    const url = `http://127.0.0.1:${port}`;
    const because = await answers(server, url);
    if (because === undefined) {
      const door = await openServiceDeploymentsDoor(url);
      return {
        url: door.url,
        stop: async () => {
          await door.close();
          await stopProcess(server);
        },
      };
    }
    failures.push(`${command}: ${because}`);
    await stopProcess(server);
  }
  throw new Error(`moto does not start (pip install "moto[server]"): ${failures.join("; ")}`);
}

/** Undefined once the server answers; else why it never will. */
async function answers(server: ChildProcess, url: string): Promise<string | undefined> {
  let words = "";
  let ended: string | undefined;
  server.stderr?.on("data", (chunk) => {
    words = `${words}${chunk}`.slice(-2000);
  });
  server.once("error", (error) => {
    ended = error.message;
  });
  server.once("exit", (code) => {
    ended ??= `ended with status ${code}: ${words.trim()}`;
  });
  for (let waited = 0; waited < START_MILLISECONDS_MAX; waited += 100) {
    if (ended !== undefined) return ended;
    const answer = await fetch(`${url}/moto-api/data.json`).catch(() => undefined);
    if (answer?.ok) {
      await answer.body?.cancel();
      return undefined;
    }
    await delay(100);
  }
  return `no answer within ${START_MILLISECONDS_MAX} ms: ${words.trim()}`;
}
