/** Raw requests to a test's API server, as the administrator or in another user's name: their status, body and warnings. */

import { readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import type { ControlPlane } from "./control-plane.ts";

export type ApiAnswer = {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects to be there
  readonly body: any;
  /** The texts of the `Warning` headers. */
  readonly warnings: readonly string[];
};

export type ApiClient = {
  send(
    method: string,
    path: string,
    body?: object | string,
    options?: { readonly contentType?: string; readonly user?: string; readonly groups?: readonly string[] },
  ): Promise<ApiAnswer>;
  close(): void;
};

export const JSON_PATCH = "application/json-patch+json";
export const MERGE_PATCH = "application/merge-patch+json";
export const APPLY_PATCH = "application/apply-patch+yaml";

/** @param token of a service account; absent: the administrator's certificate */
export async function connectApi(
  { url, folder, authority }: ControlPlane,
  token?: string,
): Promise<ApiClient> {
  const [ca, cert, key] = await Promise.all(
    [authority.certificatePath, `${folder}/pki/admin.crt`, `${folder}/pki/admin.key`].map((path) =>
      readFile(path),
    ),
  );
  const login = token === undefined ? { cert, key } : {};
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ca, ...login });
  return {
    send: (method, path, body, { contentType = "application/json", user, groups = [] } = {}) =>
      new Promise((resolve, reject) => {
        const headers: Record<string, string | string[]> = { Accept: "application/json" };
        if (token !== undefined) headers.Authorization = `Bearer ${token}`;
        if (body !== undefined) headers["Content-Type"] = contentType;
        if (user !== undefined) headers["Impersonate-User"] = user;
        if (groups.length > 0) headers["Impersonate-Group"] = [...groups];
        const call = request(`${url}${path}`, { method, agent, headers }, (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part) => parts.push(part));
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(parts).toString("utf8");
            const isJson = /json/.test(response.headers["content-type"] ?? "");
            resolve({
              status: response.statusCode ?? 0,
              body: isJson ? JSON.parse(text) : text,
              warnings: warningsIn(response.headersDistinct.warning ?? []),
            });
          });
        });
        call.on("error", reject);
        call.end(typeof body === "object" ? JSON.stringify(body) : body);
      }),
    close: () => agent.destroy(),
  };
}

/** `299 - "text"`, several in one header or each in its own. */
function warningsIn(headers: readonly string[]): readonly string[] {
  return headers.flatMap((header) =>
    [...header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) =>
      text.replace(/\\(.)/g, "$1"),
    ),
  );
}
