/**
 * One admitted request, with everything that the one who answers it needs.
 *
 * Who asks and what for is settled before; what the answer is depends on nothing else than this.
 */

import type { RegistryRequest } from "../../../oci/http/transport.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Identity, SignIn } from "../authentication.ts";
import type { RegistryBehaviour, RegistryKind } from "../behaviour.ts";
import type { PullLimit } from "../pull-limit.ts";
import type { Contents } from "../storage.ts";
import type { Route } from "./route.ts";

export type RequestContext = {
  readonly registry: { readonly kind: RegistryKind; readonly host: string };
  readonly request: RegistryRequest;
  readonly route: Route;
  readonly identity: Identity;
  /** Where the caller calls from. */
  readonly address: string;
  readonly behaviour: RegistryBehaviour;
  readonly contents: Contents;
  readonly signIn: SignIn;
  readonly pullLimit: PullLimit;
  readonly clock: Pick<Clock, "now">;
};
