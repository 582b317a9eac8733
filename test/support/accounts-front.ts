/** Accounts behind one address, distinguished by the keys that sign: what leads a command to several accounts leads it there. */

import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";
import { accountOf } from "../../src/sandbox/endpoint/call.ts";
import { type ServedEndpoint, serveEndpoint } from "../../src/sandbox/endpoint/serve-endpoint.ts";
import { createWorld } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";

export type Asked = { readonly key: string; readonly headers: IncomingHttpHeaders; readonly body: string };
export type Answered = {
  readonly status?: number;
  readonly type?: "application/x-amz-json-1.1" | "text/xml";
  readonly body: string;
};

export type AccountsFront = {
  readonly url: string;
  requests(): number;
  close(): Promise<void>;
};

const DENIED: Answered = {
  status: 403,
  type: "text/xml",
  body: "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no</Message></Error></ErrorResponse>",
};

/**
 * @param files the world of each account
 * @param keys key → the index of its account in them
 * @param answer in place of an account; undefined: the account of the key answers
 */
export async function openAccountsFront(
  files: readonly object[],
  keys: Readonly<Record<string, number>>,
  answer: (asked: Asked) => Answered | Promise<Answered | undefined> | undefined,
): Promise<AccountsFront> {
  const endpoints: ServedEndpoint[] = [];
  for (const file of files) {
    const world = readWorldFile(file);
    endpoints.push(await serveEndpoint(accountOf(await createWorld(world), world)));
  }
  let requests = 0;
  const front = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk) => chunks.push(chunk));
    incoming.on("end", async () => {
      const { method, url, headers } = incoming;
      requests += 1;
      const [, key = ""] = /Credential=([^/]+)\//.exec(headers.authorization ?? "") ?? [];
      const body = Buffer.concat(chunks);
      const index = keys[key];
      const own = await answer({ key, headers, body: body.toString() });
      const to = index === undefined ? undefined : endpoints[index]?.url;
      if (own !== undefined || to === undefined) {
        const { status = 200, type = "text/xml", body: text } = own ?? DENIED;
        outgoing.writeHead(status, { "content-type": type });
        outgoing.end(text);
        return;
      }
      const passed = request(new URL(url ?? "/", to), { method, headers }, (said) => {
        outgoing.writeHead(said.statusCode ?? 500, said.headers);
        said.pipe(outgoing);
      });
      passed.end(body);
    });
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  return {
    url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    requests: () => requests,
    async close() {
      front.close();
      front.closeAllConnections();
      await Promise.all(endpoints.map((one) => one.close()));
    },
  };
}
