/**
 * Registries and copier of an account: ECR by AWS's own token, Docker Hub by the configured secret.
 *
 * With such a secret, an anonymous client exists as well: an account's pulls may be spent while an address's are not, and
 * what an anonymous client cannot read is private.
 */

import { ecrHost } from "../../image/ecr-hosts.ts";
import type { FindCredentials } from "../../oci/auth/credentials.ts";
import { createRegistries, type Logins, type TagLists } from "../../oci/client/registries.ts";
import { createCopier } from "../../oci/copy/copier.ts";
import { endpointsWithLogin } from "../../oci/http/endpoints-with-login.ts";
import type { Endpoint } from "../../oci/http/registry-address.ts";
import type { Send } from "../../oci/http/transport.ts";
import type { Ports } from "../../remediation/ports/ports.ts";
import type { Clock } from "../../runtime/clock.ts";
import { loadedWhenUsed } from "../../runtime/loaded-when-used.ts";
import type { RegistrySettings } from "../../substitution/policy/registries.ts";
import type { AwsSettings } from "../client/client-config.ts";
import { createEcrCredentials } from "./ecr-credentials.ts";

export type RegistryAccess = {
  readonly aws: AwsSettings;
  /** ARN; absent: Docker Hub is queried anonymously. */
  readonly dockerHubSecret?: string | undefined;
  readonly send: Send;
  readonly clock: Clock;
  /** The endpoints of registries that the environment sets; the policy's rows take precedence. */
  readonly endpoints: ReadonlyMap<string, string>;
  readonly registries: RegistrySettings;
  /** Our own ECR is always asked. */
  readonly account: string;
  /** Whether a registry without a setting may be on a private network: where a person asks, not where events decide. */
  readonly mayReachPrivate: boolean;
};

/** Nothing is asked, and no secret fetched, before a registry asks who we are. */
export function createRegistryAccess({
  aws,
  dockerHubSecret,
  send,
  clock,
  endpoints: mapped,
  registries: settings,
  account,
  mayReachPrivate,
}: RegistryAccess): Pick<Ports, "registries" | "copier" | "anonymous"> & {
  readonly tagLists: TagLists;
  readonly logins: Logins;
} {
  const endpoints = new Map<string, Endpoint | string>([
    ...endpointsWithLogin(mapped, aws.endpoint),
    ...settings.endpoints.map((row): [string, Endpoint] => [row.host, row]),
  ]);
  const rules = { allowed: [...settings.allowed, ecrHost(account, aws.region)], mayReachPrivate };
  const as = (credentials: FindCredentials) => {
    const registries = createRegistries({ send, clock, credentials, endpoints, rules });
    return {
      registries,
      tagLists: registries,
      logins: registries,
      copier: createCopier({ registries, clock }),
    };
  };
  const ecr = createEcrCredentials(aws, clock);
  if (dockerHubSecret === undefined) return as(ecr);
  const hub = loadedWhenUsed<{ readonly credentials: FindCredentials }>({ credentials: true }, async () =>
    (await import("./docker-hub-secret.ts")).createDockerHubCredentials(aws, dockerHubSecret, clock),
  );
  return {
    ...as(
      async (host, access, refused) => (await ecr(host)) ?? (await hub.credentials(host, access, refused)),
    ),
    anonymous: as(ecr),
  };
}
