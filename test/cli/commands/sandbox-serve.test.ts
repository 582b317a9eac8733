import { expect, test } from "vitest";
import { sandboxServe } from "../../../src/cli/commands/sandbox-serve.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

test("repull sandbox serve answers foreign clients as Docker Hub does, until it is interrupted", async () => {
  const stopping = new AbortController();
  const world = {
    registries: { "docker.io": { images: { "library/nginx:1": {} }, quota: { limit: 100, remaining: 0 } } },
    repullAddress: "shared",
  };
  const recorded = commandIo({ "w.json": JSON.stringify(world) });
  const printed = Promise.withResolvers<void>();
  const io = {
    ...recorded,
    signal: stopping.signal,
    out: (text: string) => {
      recorded.out(text);
      printed.resolve();
    },
  };
  const running = sandboxServe({ world: "w.json", seed: "1", port: 0, speed: 1, json: true }, io);
  await printed.promise;
  const [told] = objectsIn(recorded.printed.out);
  const [image] = (told?.images ?? []) as { image: string; at: string }[];
  expect(image?.image).toBe("docker.io/library/nginx:1");

  const manifest = `http://${image?.at.replace("/library/nginx:1", "/v2/library/nginx/manifests/1")}`;
  const challenge = (await fetch(manifest)).headers.get("www-authenticate") ?? "";
  const realm = /realm="([^"]+)"/.exec(challenge)?.[1];
  const granted = await fetch(`${realm}?service=registry.docker.io&scope=repository:library/nginx:pull`);
  const { token } = (await granted.json()) as { token: string };
  const pulled = await fetch(manifest, { headers: { authorization: `Bearer ${token}`, accept: "*/*" } });
  expect(pulled.status).toBe(429);
  expect(pulled.headers.get("ratelimit-remaining")).toMatch(/^0;/);
  expect(await pulled.text()).toContain("You have reached your unauthenticated pull rate limit");

  stopping.abort();
  expect(await running).toBe(130);
  await expect(fetch(manifest)).rejects.toThrow();
});
