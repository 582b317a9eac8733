/** A host that takes a connection and never answers, over real sockets and on a clock that is turned: it is named, and given up. */

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mirror } from "../../src/cli/commands/mirror.ts";
import { createOutgoing } from "../../src/cli/outgoing-requests.ts";
import { rateLimit } from "../../src/cli/rate-limit/rate-limit.ts";
import { replay } from "../../src/cli/replay/replay.ts";
import { eventOf, failingService, refusedByDockerHub } from "../outside/documents.ts";
import { commandIo, objectsIn, type RecordedIo } from "../support/command-io.ts";
import { SteppedClock } from "../support/registries/hostile-registry.ts";

const HIDDEN = `sha256:${"a".repeat(64)}`;

let clock: SteppedClock;
let server: Server;
let sockets: Set<Socket>;
let host: string;
let asked: string;
beforeEach(async () => {
  clock = new SteppedClock();
  sockets = new Set();
  asked = "";
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    // From its first words on the time passes.
    socket.on("data", (words) => {
      asked += words.toString("latin1");
      clock.hang();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "a-secret" });
});
afterEach(async () => {
  clock.stop();
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, "close");
  delete process.env.AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SECRET_ACCESS_KEY;
});

type Run = (io: RecordedIo) => Promise<number>;
const copy = { platforms: [], allPlatforms: true, json: true } as const;
const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const event = () => {
  const { tasks } = failingService({ digest: HIDDEN, reason: refusedByDockerHub(HIDDEN) });
  return JSON.stringify(eventOf(tasks[0] ?? {}));
};

describe("a host that never answers", () => {
  // biome-ignore format: a table is read by its columns
  const commands: readonly (readonly [string, number, Run])[] = [
    ["rate-limit",                    5, (io) => rateLimit({ json: true }, io, clock, clock)],
    ["limits --timeout 20",       5, (io) => rateLimit({ json: true, timeout: "20" }, io, clock, clock)],
    ["mirror",                    5, (io) => mirror({ ...copy, source: `${host}/team/app:1`, target: `${host}/app:1` }, io, clock, clock)],
    ["mirror --timeout 20",       5, (io) => mirror({ ...copy, source: `${host}/team/app:1`, target: `${host}/app:1`, timeout: "20" }, io, clock, clock)],
    ["mirror into ECR, where the stack is asked for --timeout 20", 5, (io) => mirror({ ...copy, source: `${host}/team/app:1`, target: `${ECR}/app:1`, timeout: "20" }, io, clock, clock)],
    ["replay --aws, where the stack is asked for", 4, (io) => replay({ files: ["event.json"], aws: true, yes: true, settle: false, json: true, seed: "1" }, io)],
  ];
  for (const [command, status, run] of commands) {
    it(`is named after five seconds, and ends ${command} with ${status}`, async () => {
      const io = commandIo(
        { "event.json": event() },
        {
          HOME: "/nonexistent",
          AWS_REGION: "us-east-1",
          AWS_ENDPOINT_URL: `http://${host}`,
          REPULL_REGISTRY_ENDPOINTS: `docker.io=http://${host}`,
        },
      );
      const outgoing = createOutgoing(io, clock);
      const startedAt = clock.now();
      expect(await run({ ...io, outgoing })).toBe(status);
      expect(io.printed.err).toContain(`no answer from ${host} for 5 s`);
      expect(objectsIn(io.printed.out)).toHaveLength(1);
      // Nothing was asked for that changes anything.
      expect(asked).not.toMatch(/RegisterTaskDefinition|UpdateService|PutEvents|^(?:POST|PUT) \/v2\//m);
      if (command.includes("--timeout 20")) expect(clock.now() - startedAt).toBeLessThan(30_000);
    });
  }
});
