/**
 * Reports to the account which images the cluster uses, so that a clean-up of copies knows which are not used: at least four
 * times a day, and at once when an image comes into use that the last report does not have; for one of the index, within minutes.
 *
 * A report is of one whole look. Where a kind cannot be listed, there is too much for a report, the account refuses, or a custom resource may
 * name images that are not seen, no report is written: the one before grows old, and the clean-up keeps everything.
 */

import type { ClusterPort } from "../../cluster/cluster-port.ts";
import type { Kind } from "../../cluster/kinds.ts";
import { listReduced } from "../../cluster/list-reduced.ts";
import type { Digest } from "../../image/digest.ts";
import type { IndexRow } from "../../kubernetes/image-index.ts";
import { definitionWithImages, isAccepted } from "../../kubernetes/workloads/custom-definitions.ts";
import { usedImages } from "../../kubernetes/workloads/used-images.ts";
import { pagesOf, type ReportPage } from "../../mirrors/reports/report-pages.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { ControllerMetrics } from "../metrics.ts";

/** `aws/mirrors/reports` implements it. Methods throw AwsError. */
type ReportStore = {
  /** The time by the service that keeps reports. */
  time(): Promise<number>;
  write(pages: readonly ReportPage[]): Promise<void>;
};

export type ImageReportTarget = {
  readonly store: ReportStore;
  /** The cluster's ARN. */
  readonly cluster: string;
  /** Of the certificates by which its API server is known. */
  readonly authorities: readonly Digest[];
  /** Custom resources whose images the operator knows to be named by pods, or not to be copies: `rollouts.argoproj.io`, `*.argoproj.io`. */
  readonly customResources?: readonly string[];
};

type Ports = {
  readonly cluster: ClusterPort;
  readonly view: Pick<ClusterView, "pods" | "templates" | "changes">;
  /** What admission may have pods run. */
  readonly rows: () => ReadonlyMap<string, IndexRow>;
  readonly metrics: Pick<ControllerMetrics, "imagesReported">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
};

export const REPORT_EVERY_MS = 60_000;
const WRITE_EVERY_MS = 6 * 3_600_000;
/** A row may be refused by the server, and is in no report then. */
const ROWS_EVERY_MS = 600_000;
/** Definitions are long, and rarely change. */
const DEFINITIONS_EVERY_MS = 3_600_000;

/** Everything that starts pods, and what it may go back to. */
const KINDS: readonly Kind[] = [
  "pods",
  "deployments",
  "replicasets",
  "statefulsets",
  "daemonsets",
  "controllerrevisions",
  "replicationcontrollers",
  "podtemplates",
  "jobs",
  "cronjobs",
  "imageindexes",
];

export function createImageReporter(
  { cluster, view, rows, metrics, clock, log }: Ports,
  target: ImageReportTarget,
): { pass(): Promise<void> } {
  let known: ReadonlySet<string> = new Set();
  let wroteAt = Number.NEGATIVE_INFINITY;
  /** The version of the view that had nothing new. */
  let seen = -1;
  /** When a custom resource was found whose images are not seen. */
  let withheldAt = Number.NEGATIVE_INFINITY;

  const isDue = (): boolean => {
    const waits = clock.now() - withheldAt;
    if (waits >= 0 && waits < DEFINITIONS_EVERY_MS) return false;
    const age = clock.now() - wroteAt;
    if (age < 0 || age >= WRITE_EVERY_MS) return true;
    // A pod may get it by the next minute, and by then its copy must be seen as used.
    if (age >= ROWS_EVERY_MS && [...rows().values()].some(({ use }) => use !== undefined && !known.has(use)))
      return true;
    if (seen === view.changes()) return false;
    if (namesIn(view).some((image) => !known.has(image))) return true;
    seen = view.changes();
    return false;
  };

  return {
    async pass() {
      if (!isDue()) return;
      const now = view.changes();
      try {
        const unseen = await unseenIn(cluster, target.customResources ?? []);
        if (unseen.length > 0) {
          withheldAt = clock.now();
          log.error("the images in use are not reported", {
            because: `objects of ${unseen.join(", ")} may name images that no pod names: --custom-resources accepts them`,
          });
          return;
        }
        // Before the look: a report is never younger than what is in it.
        const at = await target.store.time();
        const images = await imagesOf(cluster);
        const pages = pagesOf({ cluster: target.cluster, at, authorities: target.authorities, images });
        if (pages === undefined) {
          log.error("the images in use are not reported", { because: `${images.length} do not fit` });
          return;
        }
        await target.store.write(pages);
        [known, wroteAt, seen] = [new Set(images), clock.now(), now];
        metrics.imagesReported.set(at / 1000);
        log.info("reported the images in use", { images: images.length, pages: pages.length });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        log.error("the images in use are not reported", { because: error.message });
      }
    },
  };
}

async function imagesOf(cluster: ClusterPort): Promise<readonly string[]> {
  const images = new Set<string>();
  for (const kind of KINDS)
    for (const those of await listReduced(cluster, kind, usedImages))
      for (const image of those) images.add(image);
  return [...images].toSorted();
}

/** The definitions of custom resources whose objects may name images. */
async function unseenIn(cluster: ClusterPort, accepted: readonly string[]): Promise<readonly string[]> {
  const found = await listReduced(cluster, "customresourcedefinitions", definitionWithImages);
  return found.filter((name) => name !== undefined).filter((name) => !isAccepted(name, accepted));
}

function namesIn({ pods, templates }: Pick<ClusterView, "pods" | "templates">): readonly string[] {
  return [
    ...[...pods.values()].flatMap(({ containers }) => containers.map(({ image }) => image)),
    ...[...templates.values()].flatMap(({ images }) => images),
  ];
}
