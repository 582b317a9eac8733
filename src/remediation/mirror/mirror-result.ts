import type { QuotaExceeded } from "../ports/quota-exceeded.ts";

/** A place whose image could not be brought into ECR, by `placeOf` its candidate. */
export type MirrorRejected = {
  readonly image: string;
  readonly place: string;
  readonly because: string;
  /** A quota refused it. */
  readonly held?: QuotaExceeded;
  /** Repull may not fill the pull-through cache: the repositories that the stack has to allow. */
  readonly repositories?: string;
  /** It was the source's limit. */
  readonly limited?: true;
  /** The copy was not refused: it failed, and may succeed in a while. */
  readonly failed?: true;
};
