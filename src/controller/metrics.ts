/** What the controller counts, in Prometheus' text form, for a scraper; names and help are the documentation's. */

import { Counter, Gauge, Registry } from "prom-client";

export type ControllerMetrics = ReturnType<typeof createMetrics>;

/** A registry of its own for each controller: two of them in one process, as in a test, count apart. */
export function createMetrics() {
  const register = new Registry();
  const registers = [register];
  const gauge = <L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name: `repull_${name}`, help, labelNames, registers });
  const counter = <L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name: `repull_${name}`, help, labelNames, registers });
  return {
    register,
    leading: gauge("leader", "1 while this process is the leader"),
    lastPass: gauge("last_pass_timestamp_seconds", "When the leader last looked at every image in use"),
    images: gauge("images_in_use", "Images that are in scope, as they are written"),
    rows: gauge("index_rows", "Rows of the index, by state: placed, or the first code that says why not", [
      "state",
    ]),
    due: gauge("images_due", "Images whose proof is missing or has to be renewed"),
    expired: counter("index_rows_expired_total", "Rows that were removed because no proof came in time"),
    writes: counter("index_writes_total", "Writes of index objects, by result", ["result"]),
    heads: counter("limited_registry_requests_total", "HEADs at a registry that counts requests", ["result"]),
    headsLeft: gauge("limited_registry_requests_left", "HEADs that may still be sent in this hour"),
    stoppedUntil: gauge(
      "limited_registry_stopped_until_seconds",
      "After a refusal: nothing is asked before; 0 where nothing is stopped",
    ),
    certificate: gauge(
      "certificate_good_until_seconds",
      "Until when the webhook's certificates are good; 0 where this process keeps none",
    ),
    imagesReported: gauge(
      "images_reported_seconds",
      "When the images in use were last reported to the account's clean-up; 0 where this process reports none",
    ),
    copiedTags: gauge(
      "copied_tags",
      "Tags in use that have a copy in ECR, by what is known of their source",
      ["state"],
    ),
    copiesRefreshed: gauge(
      "copies_refreshed_timestamp_seconds",
      "When this process last asked whether copied tags have moved; 0 where it does not",
    ),
    stuck: gauge("stuck_pods", "Pods with a container that waits for an image because of a limit"),
    slipped: gauge(
      "pods_not_swapped",
      "Pods that run what was written although the index has a proved image",
      ["reason"],
    ),
    heals: counter("heals_total", "Images of stuck pods that were changed or not, by outcome", ["outcome"]),
  };
}
