/**
 * The pull-through cache rules and repository creation templates of the sandbox's ECR: those of the world file, and those that
 * clients make. How a template changes a repository is not played: the sandbox's repositories have neither tags nor keys.
 */

import { DOCKER_HUB_HOST, DOCKER_HUB_SERVER } from "../../image/registry-hosts.ts";
import type { JsonObject } from "../../runtime/json.ts";
import type { PullThroughRule } from "../../substitution/pull-through-rule.ts";
import type { WorldFile } from "../world/world-file.ts";

type Entry = NonNullable<WorldFile["pullThrough"]>[number];

export type SandboxCacheRule = PullThroughRule & {
  /** The host of the world's registries that it leads to. */
  readonly upstream: string;
  /** The user of that registry whose password its secret has; absent: anonymous. */
  readonly account?: string | undefined;
  /** The secret's ARN, where the world has one. */
  readonly secret?: string;
  readonly secretIsWrong?: boolean | undefined;
};

export type CacheRules = {
  rules(): readonly SandboxCacheRule[];
  /** The ARN's secret has to be one of the world. */
  add(rule: { readonly prefix: string; readonly upstreamHost: string; readonly secret?: string }): void;
  remove(prefix: string): void;
  /** By prefix, as the API has them. */
  readonly templates: Map<string, JsonObject>;
};

export function createCacheRules(file: WorldFile): CacheRules {
  const byPrefix = new Map<string, SandboxCacheRule>();
  for (const entry of file.pullThrough ?? []) byPrefix.set(entry.prefix, ofEntry(entry, file));
  return {
    rules: () => [...byPrefix.values()],
    add({ prefix, upstreamHost, secret }) {
      const upstream = upstreamHost === DOCKER_HUB_SERVER ? DOCKER_HUB_HOST : upstreamHost;
      const login = secret === undefined ? undefined : file.secrets?.[secret];
      const password = login && file.registries?.[upstream]?.accounts?.[login.username]?.password;
      byPrefix.set(prefix, {
        prefix,
        upstream,
        upstreamHost,
        ...(secret === undefined || login === undefined
          ? {}
          : { secret, account: login.username, secretIsWrong: password !== login.password }),
      });
    },
    remove: (prefix) => void byPrefix.delete(prefix),
    templates: new Map(),
  };
}

function ofEntry({ prefix, upstream, upstreamPrefix, account, secretIsWrong }: Entry, file: WorldFile) {
  const [secret] =
    Object.entries(file.secrets ?? {}).find(
      ([arn, { username }]) => username === account && arn.includes(":secret:ecr-pullthroughcache/"),
    ) ?? [];
  return {
    prefix,
    upstream,
    account,
    secretIsWrong,
    upstreamHost: upstream === DOCKER_HUB_HOST ? DOCKER_HUB_SERVER : upstream,
    ...(upstreamPrefix === undefined ? {} : { upstreamPrefix }),
    ...(secret === undefined ? {} : { secret }),
  };
}
