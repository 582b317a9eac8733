/** What a registry says of a quota: Docker Hub's `ratelimit-*` headers. Absent headers mean that no limit applies. */
export type Quota = {
  readonly limit: number;
  readonly remaining: number;
  readonly windowSeconds?: number;
  /** `docker-ratelimit-source`: the address or account that is counted. */
  readonly source?: string;
};
