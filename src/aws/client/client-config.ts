/** How every AWS client of ours is set: where, as whom, how patient. */

import { extensionsOf, type RequestWatch } from "./request-watch.ts";

export type AwsSettings = {
  readonly region: string;
  /** Another address for all services: an emulator, or a proxy. */
  readonly endpoint?: string;
  /** Absent: the SDK's own chain (the function's role, profiles, instance metadata). */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** The profile of AWS's shared files whose credentials are used; absent: that of the environment. */
  readonly profile?: string;
  /** How often in all a call is tried, throttles included. */
  readonly attemptsMax?: number;
  /** How long one request may take. */
  readonly requestSeconds?: number;
  /** Sees every request before it is sent. */
  readonly watch?: RequestWatch;
  /** HTTPS_PROXY and NO_PROXY, as registries are reached by them; absent: no proxy. */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>;
};

/**
 * RegisterTaskDefinition is refilled by one a second (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html, 2026-11): with the SDK's
 * doubling pauses seven attempts wait out some thirty seconds of a crowd.
 */
export const ATTEMPTS_MAX = 7;
const CONNECT_MILLISECONDS_MAX = 10_000;
const REQUEST_SECONDS_MAX = 20;

/** The part of an SDK client's configuration that all our clients share. */
export function clientConfiguration(settings: AwsSettings) {
  const {
    region,
    endpoint,
    credentials,
    profile,
    attemptsMax,
    requestSeconds = REQUEST_SECONDS_MAX,
    watch,
    proxyEnv,
  } = settings;
  return {
    region,
    maxAttempts: attemptsMax ?? ATTEMPTS_MAX,
    retryMode: "standard",
    requestHandler: {
      connectionTimeout: CONNECT_MILLISECONDS_MAX,
      requestTimeout: requestSeconds * 1000,
      throwOnRequestTimeout: true,
      ...(proxyEnv === undefined ? {} : { httpsAgent: { keepAlive: true, maxSockets: 50, proxyEnv } }),
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(profile === undefined ? {} : { profile }),
    ...(watch === undefined ? {} : { extensions: extensionsOf(watch) }),
  };
}
