/** `repull mirrors refresh --apply` over a served sandbox: the calls that AWS would get, from the list of copies to the undo. */

import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { accountClock } from "../../../src/cli/account/account-clock.ts";
import { openHistorySession } from "../../../src/cli/account/sessions/history-session.ts";
import { undo } from "../../../src/cli/commands/undo.ts";
import { refresh } from "../../../src/cli/mirrors/refresh.ts";
import { InvalidInput } from "../../../src/image/invalid-input.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";
import { type ServedAccount, serveAccount } from "../../support/served-account.ts";

const PATH = "library/nginx";
const NGINX = `docker.io/${PATH}:1.27`;
const FILE = {
  services: [{ cluster: "prod", name: "web", image: "nginx:1.27", desiredCount: 1, settled: true }],
  registries: {
    "docker.io": { images: { [`${PATH}:1.27`]: {}, [`${PATH}:next`]: {} } },
    ecr: {
      images: {
        [`repull/docker.io/${PATH}:1.27`]: { sameAs: NGINX, copied: { daysAgo: 30 } },
      },
    },
  },
};

let served: ServedAccount | undefined;
beforeAll(() => {
  process.env.AWS_ACCESS_KEY_ID ??= "sandbox";
  process.env.AWS_SECRET_ACCESS_KEY ??= "sandbox";
});
afterEach(async () => await served?.close());

describe("repull mirrors refresh --apply in a served sandbox", () => {
  test("copies what a tag names now and moves its service to it, and undo brings back the bytes that ran", async () => {
    served = await serveAccount(FILE, "remediate");
    const { world, env } = served;
    await world.run(120);
    const hub = world.registries.dockerHub;
    const next = hub.manifest(PATH, "next");
    const old = hub.tags(PATH)["1.27"];
    const moved = next && hub.putManifest(PATH, next.bytes, next.mediaType, "1.27");
    const run = async (yes: boolean, images: readonly string[]) => {
      const io = commandIo({}, env);
      const apply = { images, services: [], settle: true, config: { stack: "repull" } };
      const status = await refresh({ yes, rights: false, json: true, stack: "repull", apply }, io);
      const lines = objectsIn(io.printed.out);
      const ofType = (wanted: string) => lines.filter(({ type }) => type === wanted);
      return { status, plan: ofType("apply")[0], outcomes: ofType("outcome") };
    };
    const running = async () => {
      const tasks = await world.ports.ecs.listTasks({
        cluster: "prod",
        service: "web",
        desiredStatus: "RUNNING",
      });
      return tasks.flatMap(({ containers }) => containers.map(({ imageDigest }) => imageDigest));
    };
    // The refresh has not copied the new bytes yet: it is the one that --yes runs first.
    const before = await run(false, []);
    expect(before).toMatchObject({ status: 1, plan: { services: [{ kind: "blocked", code: "absent" }] } });
    const done = await run(true, [`${NGINX}@${moved}`]);
    expect(done).toMatchObject({ status: 0, outcomes: [{ outcome: "succeeded" }] });
    expect(await running()).toEqual([moved]);
    const io = commandIo({}, env);
    const session = await openHistorySession(
      { kind: "writes", rules: { stack: "repull" } },
      accountClock(io.env),
      io,
    );
    expect(await undo({ name: "web", yes: true, json: true, wait: true }, session, io)).toBe(0);
    expect(await running()).toEqual([old]);
  }, 120_000);

  test("copies nothing where the name of an image is wrong", async () => {
    served = await serveAccount(FILE, "remediate");
    const { world, env } = served;
    await world.run(120);
    const hub = world.registries.dockerHub;
    const next = hub.manifest(PATH, "next");
    if (next !== undefined) hub.putManifest(PATH, next.bytes, next.mediaType, "1.27");
    const copies = () => world.registries.ecr.digests(`repull/docker.io/${PATH}`);
    const before = copies();
    const apply = { images: ["Nginx:1.27"], services: [], settle: true, config: { stack: "repull" } };
    const input = { yes: true, rights: false, json: true, stack: "repull", apply } as const;
    await expect(refresh(input, commandIo({}, env))).rejects.toThrow(InvalidInput);
    expect(copies()).toEqual(before);
  }, 60_000);
});
