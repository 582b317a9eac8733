/**
 * Who is asking, and what that one may do.
 *
 * Docker Hub and ECR Public hand out tokens for named repositories at a token address, ECR takes a password
 * with each request; each refuses in its own words. Secrets are derived from counters: a sandbox has none.
 */

import { createHash } from "node:crypto";
import { DOCKER_HUB_REALM } from "../../image/registry-hosts.ts";
import type { RegistryRequest, RegistryResponse } from "../../oci/http/transport.ts";
import type { Clock } from "../../runtime/clock.ts";
import { bareRefusal, bytesOf, jsonAnswer, refusal } from "./api/response.ts";
import type { RequestKind, Route } from "./api/route.ts";
import type { RegistryBehaviour, RegistryKind } from "./behaviour.ts";
import type { Contents } from "./storage.ts";

export type Account = {
  readonly user: string;
  readonly password: string;
  /** Counted pulls in a window, where the registry counts them. Absent: what a personal account has. */
  readonly pullsMax?: number | "unlimited";
};

export type Identity = { readonly kind: "anonymous" } | { readonly kind: "account"; readonly user: string };

export type Action = "pull" | "push" | "delete";

/** A password that ECR hands out for the user `AWS`. */
export type IssuedPassword = { readonly password: string; readonly expiresAt: number };

type Token = {
  readonly identity: Identity;
  readonly grants: ReadonlyMap<string, ReadonlySet<Action>>;
  readonly expiresAt: number;
};

const ANONYMOUS: Identity = { kind: "anonymous" };
const ALL_ACTIONS: readonly Action[] = ["pull", "push", "delete"];
const SCOPE = /^repository:(?<path>[^:]+):(?<actions>[a-z,*]+)$/;
/** What Docker Hub's tokens say in `expires_in`. */
const TOKEN_SECONDS = 300;
/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html */
const PASSWORD_SECONDS = 12 * 60 * 60;

export type SignIn = ReturnType<typeof createSignIn>;

export function createSignIn(world: {
  readonly kind: RegistryKind;
  readonly host: string;
  readonly clock: Pick<Clock, "now">;
  readonly accounts: readonly Account[];
  readonly ways: RegistryBehaviour;
  readonly contents: Contents;
}) {
  const { kind, host, clock, ways, contents } = world;
  const tokens = new Map<string, Token>();
  const passwords = new Map<string, number>();

  const accountOf = (user: string, password: string): Identity | "wrong" | "expired" => {
    if (world.accounts.some((one) => one.user === user && one.password === password))
      return { kind: "account", user };
    const expiresAt = kind === "ecr" && user === "AWS" ? passwords.get(password) : undefined;
    if (expiresAt === undefined) return "wrong";
    return clock.now() < expiresAt ? { kind: "account", user } : "expired";
  };

  /** What this identity may do with a repository, whether or not it asked for it yet. */
  const allowed = (identity: Identity, path: string): ReadonlySet<Action> => {
    const repository = contents.repository(path);
    const owner =
      identity.kind === "account" && (kind !== "docker-hub" || path.startsWith(`${identity.user}/`));
    if (owner) return new Set(ALL_ACTIONS);
    const hidden = repository === undefined ? kind === "docker-hub" : repository.private;
    return new Set<Action>(hidden ? [] : ["pull"]);
  };

  /** The identity behind a request, if it may do what it asks; else the refusal. */
  function admit(request: RegistryRequest, route: Route): Identity | RegistryResponse {
    if (ways.signIn === "none") return ANONYMOUS;
    const header = request.headers.authorization;
    return ways.signIn === "basic" ? admitByPassword(header, route) : admitByToken(header, request, route);
  }

  function admitByPassword(header: string | undefined, route: Route): Identity | RegistryResponse {
    const given = basic(header);
    const identity = given === undefined ? "wrong" : accountOf(given.user, given.password);
    if (identity === "expired") {
      return refusal(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.");
    }
    if (identity === "wrong") {
      const realm =
        kind === "ecr"
          ? `Basic realm="https://${host}/",service="ecr.amazonaws.com"`
          : `Basic realm="${host}"`;
      return bareRefusal(401, "Not Authorized\n", { "www-authenticate": realm });
    }
    return actionsFor(route.kind).every((action) => allowed(identity, route.path).has(action))
      ? identity
      : refusal(403, "DENIED", "requested access to the resource is denied");
  }

  function admitByToken(
    header: string | undefined,
    request: RegistryRequest,
    route: Route,
  ): Identity | RegistryResponse {
    const value = /^Bearer (?<token>.+)$/i.exec(header ?? "")?.groups?.token;
    const token = value === undefined ? undefined : tokens.get(value);
    const valid = token !== undefined && clock.now() < token.expiresAt;
    const needed = actionsFor(route.kind);
    if (valid && needed.every((action) => mayUse(token, route.path, action))) return token.identity;

    const error = value === undefined ? "" : `,error="${valid ? "insufficient_scope" : "invalid_token"}"`;
    const challenge = `Bearer realm="${realm(request.url.origin)}",service="${service}"${scopeOf(route)}${error}`;
    const detail = [{ Type: "repository", Class: "", Name: route.path, Action: needed[0] }];
    return refusal(
      401,
      "UNAUTHORIZED",
      "authentication required",
      { "www-authenticate": challenge },
      route.path === "" ? undefined : detail,
    );
  }

  /** What a challenge names as the subject of a token. */
  function scopeOf({ kind: asked, path }: Route): string {
    if (path === "") return "";
    if (kind === "ecr-public") return ',scope="aws"';
    return `,scope="repository:${path}:${actionsFor(asked).join(",")}"`;
  }

  /** ECR Public's tokens name no repository; the others' hold what was asked for and granted. */
  const mayUse = (token: Token, path: string, action: Action): boolean =>
    kind === "ecr-public"
      ? allowed(token.identity, path).has(action)
      : token.grants.get(path)?.has(action) === true;

  /** Answers a request to the token address. Wrong passwords are refused, unknown repositories granted nothing. */
  async function issueToken(request: RegistryRequest): Promise<RegistryResponse> {
    const form = request.method === "POST" ? await formOf(request) : undefined;
    const given = form === undefined ? basic(request.headers.authorization) : passwordIn(form);
    const identity = given === undefined ? ANONYMOUS : accountOf(given.user, given.password);
    if (identity === "wrong" || identity === "expired") {
      return jsonAnswer(401, { details: "incorrect username or password" });
    }
    const scopes = (form ?? request.url.searchParams).getAll("scope").flatMap((text) => text.split(" "));
    const grants = new Map(scopes.map((scope) => grantOf(identity, scope)));
    const token = secret(`token ${tokens.size}`);
    tokens.set(token, { identity, grants, expiresAt: clock.now() + TOKEN_SECONDS * 1000 });
    const issued_at = new Date(clock.now()).toISOString();
    return jsonAnswer(200, { token, access_token: token, expires_in: TOKEN_SECONDS, issued_at });
  }

  /** What of a scope such as `repository:library/nginx:pull,push` this identity gets. */
  function grantOf(identity: Identity, scope: string): readonly [string, ReadonlySet<Action>] {
    const { path = "", actions = "" } = SCOPE.exec(scope)?.groups ?? {};
    const asked = actions === "*" ? ALL_ACTIONS : actions.split(",");
    return [path, new Set([...allowed(identity, path)].filter((action) => asked.includes(action)))];
  }

  const service = kind === "docker-hub" ? "registry.docker.io" : host;
  const realm = (origin: string) =>
    kind === "docker-hub"
      ? `https://${DOCKER_HUB_REALM}/token`
      : kind === "ecr-public"
        ? `https://${host}/token/`
        : `${origin}/token`;
  const secret = (of: string) => createHash("sha256").update(`${host} ${of}`).digest("base64url");

  return {
    admit,
    issueToken,
    /** Whether the address is where this registry hands out tokens. */
    isTokenAddress: (url: URL): boolean =>
      ways.signIn === "token" &&
      url.hostname === (kind === "docker-hub" ? DOCKER_HUB_REALM : url.hostname) &&
      /^\/token\/?$/.test(url.pathname),
    /** Whether the holder of this request's credentials may pull from another repository too: asked before a mount. */
    mayPull(request: RegistryRequest, path: string): boolean {
      const identity = admit(request, { kind: "blob-get", path, name: "" });
      return "kind" in identity;
    },
    issuePassword(): IssuedPassword {
      const issued = {
        password: secret(`password ${passwords.size}`),
        expiresAt: clock.now() + PASSWORD_SECONDS * 1000,
      };
      passwords.set(issued.password, issued.expiresAt);
      return issued;
    },
  };
}

function actionsFor(kind: RequestKind): readonly Action[] {
  if (kind === "ping" || kind === "catalog" || kind === "unknown") return [];
  if (kind.endsWith("-delete")) return ["delete"];
  if (kind.startsWith("upload-") || kind.endsWith("-put")) return ["pull", "push"];
  return ["pull"];
}

const FORM_BYTES_MAX = 65_536;

/** The other way to ask for a token, which containerd tries first: https://distribution.github.io/distribution/spec/auth/oauth/ */
async function formOf(request: RegistryRequest): Promise<URLSearchParams> {
  const bytes = await bytesOf(request, FORM_BYTES_MAX);
  return new URLSearchParams(bytes === "too-large" ? "" : new TextDecoder().decode(bytes));
}

function passwordIn(form: URLSearchParams): { user: string; password: string } {
  return { user: form.get("username") ?? "", password: form.get("password") ?? "" };
}

function basic(header: string | undefined): { user: string; password: string } | undefined {
  const encoded = /^Basic (?<encoded>[A-Za-z0-9+/=]+)$/i.exec(header ?? "")?.groups?.encoded;
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
