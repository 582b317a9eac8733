/** AWS by the proxy of the environment, as registries and AWS's own tools go: behind a firewall there is no other way. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { getCallerIdentity } from "../../../src/aws/client/caller-identity.ts";
import { awsSettingsIn } from "../../../src/cli/account/aws-settings.ts";

const asked: string[] = [];
const proxy = createServer();
proxy.on("connect", (request, socket) => {
  asked.push(request.url ?? "");
  socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
});
let url = "";
beforeAll(async () => {
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});
afterAll(() => void proxy.close());
beforeEach(() => {
  asked.length = 0;
});

describe("a request to AWS", () => {
  const KEYS = { accessKeyId: "AKID", secretAccessKey: "secret" };
  for (const name of ["HTTPS_PROXY", "https_proxy"])
    test(`goes to the proxy of ${name}`, async () => {
      const settings = awsSettingsIn("us-east-1", { env: { [name]: url } });
      const call = getCallerIdentity({ ...settings, credentials: KEYS, attemptsMax: 1 });
      await expect(call).rejects.toMatchObject({ name: "AwsError", kind: "unavailable" });
      expect(asked).toEqual(["sts.us-east-1.amazonaws.com:443"]);
    });
});
