/** A token server as Docker Hub has one: signed tokens for what is asked, a login where it is needed. */

import { randomUUID, sign, X509Certificate } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Certificate } from "../certificate.ts";

export type TokenRealm = { readonly url: string; readonly asked: string[]; stop(): Promise<void> };

/** Pulls are anonymous; a push needs this `authorization` header. */
export async function startTokenRealm(
  certificate: Certificate,
  names: { readonly issuer: string; readonly service: string },
  login: string,
): Promise<TokenRealm> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://realm");
    const scopes = url.searchParams.getAll("scope");
    asked.push(scopes.join(" "));
    const known = request.headers.authorization === login;
    const access = scopes.map((scope) => {
      const [type, name, actions = ""] = scope.split(":");
      return { type, name, actions: actions.split(",").filter((action) => known || action === "pull") };
    });
    const seconds = Math.floor(Date.now() / 1000);
    const claims = {
      iss: names.issuer,
      aud: names.service,
      sub: known ? "ann" : "",
      iat: seconds,
      nbf: seconds - 10,
      exp: seconds + 300,
      jti: randomUUID(),
      access,
    };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ token: signed(claims, certificate), expires_in: 300 }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`, asked, stop };
}

/** A JSON web token, ES256, with its certificate in the header. */
function signed(claims: object, { key, certificate }: Certificate): string {
  const x5c = [new X509Certificate(certificate).raw.toString("base64")];
  const parts = [{ typ: "JWT", alg: "ES256", x5c }, claims];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}
