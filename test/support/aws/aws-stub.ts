/**
 * An AWS endpoint on loopback that answers what a test gives it, and keeps what it was sent.
 *
 * It refuses, as AWS does, a request whose length, body hash or Signature Version 4 does not match.
 */

import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

import type { JsonObject } from "../../../src/runtime/json.ts";

export const STUB_CREDENTIALS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "a-secret-of-the-stub",
} as const;

export type AwsRequest = {
  /** The action of a JSON or form call (`DescribeServices`); method and path of a REST call. */
  readonly action: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly body: JsonObject;
};

export type AwsAnswer = {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
};

export type AwsStub = {
  readonly url: string;
  readonly requests: readonly AwsRequest[];
  stop(): Promise<void>;
};

/** Starts the stub; whatever `answer` throws becomes a 500. */
export async function startAwsStub(
  answer: (request: AwsRequest) => AwsAnswer | Promise<AwsAnswer>,
): Promise<AwsStub> {
  const requests: AwsRequest[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const reply = ({ status = 200, headers = {}, body }: AwsAnswer) => {
      outgoing.writeHead(status, { "content-type": "application/x-amz-json-1.1", ...headers });
      outgoing.end(typeof body === "string" ? body : JSON.stringify(body));
    };
    try {
      const bytes = await readAll(incoming);
      const wrong = whatIsWrong(incoming, bytes);
      if (wrong !== undefined) {
        reply({ status: 403, body: { __type: "InvalidSignatureException", message: wrong } });
        return;
      }
      const url = new URL(incoming.url ?? "/", "http://stub");
      const target = incoming.headers["x-amz-target"];
      // IAM and EC2 are asked by forms, and answer in XML.
      const isForm = incoming.headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
      const form: Record<string, string> | undefined = isForm
        ? Object.fromEntries(new URLSearchParams(bytes.toString("utf8")))
        : undefined;
      const request = {
        action:
          typeof target === "string"
            ? target.slice(target.lastIndexOf(".") + 1)
            : (form?.Action ?? `${incoming.method} ${url.pathname}`),
        headers: incoming.headers,
        query: url.searchParams,
        body: form ?? (bytes.length === 0 ? {} : JSON.parse(bytes.toString("utf8"))),
      };
      requests.push(request);
      reply(await answer(request));
    } catch (error) {
      reply({ status: 500, body: { __type: "InternalFailure", message: String(error) } });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Signature Version 4 as its receiver checks it: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function whatIsWrong(incoming: IncomingMessage, bytes: Buffer): string | undefined {
  const { headers } = incoming;
  if (headers["content-length"] !== undefined && Number(headers["content-length"]) !== bytes.length) {
    return `content-length is ${headers["content-length"]}, the body has ${bytes.length} bytes`;
  }
  const authorization =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? "",
    );
  if (authorization === null) return "no Signature Version 4";
  const [, keyId, scope = "", signedHeaders = "", signature] = authorization;
  if (keyId !== STUB_CREDENTIALS.accessKeyId) return "unknown access key";

  const bodyHash = createHash("sha256").update(bytes).digest("hex");
  const said = headers["x-amz-content-sha256"];
  if (said !== undefined && said !== bodyHash) return "x-amz-content-sha256 is another body's";

  const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://stub");
  const query = [...searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&");
  // Every service but S3 signs the path encoded once more than it is sent.
  const path = pathname.split("/").map(encode).join("/");
  const signed = signedHeaders.split(";").map((name) => `${name}:${String(headers[name] ?? "").trim()}\n`);
  const canonical = [incoming.method, path, query, signed.join(""), signedHeaders, bodyHash].join("\n");
  const toSign = [
    "AWS4-HMAC-SHA256",
    headers["x-amz-date"],
    scope,
    createHash("sha256").update(canonical).digest("hex"),
  ].join("\n");
  const key = scope
    .split("/")
    .reduce<Buffer | string>((secret, part) => hmac(secret, part), `AWS4${STUB_CREDENTIALS.secretAccessKey}`);
  return hmac(key, toSign).toString("hex") === signature ? undefined : "the signature does not match";
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
