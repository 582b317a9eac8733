/** What the webhook counts, for Prometheus. */

import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** `answered`: looked at. The others admit the pod unchanged: `late`, `shed` (the process is behind, or it is too much), `invalid`, `fault`. */
export type RequestResult = "answered" | "late" | "shed" | "invalid" | "fault";

export type WebhookMetrics = {
  readonly requests: Counter<"result">;
  /** Each image by what became of it: `swap`, `keep`, or the code of `left`. */
  readonly images: Counter<"answer">;
  readonly seconds: Histogram;
  readonly certificateEnd: Gauge;
  /** The page for Prometheus. */
  page(): Promise<string>;
  readonly contentType: string;
};

/** @param read what is asked each time the page is */
export function createMetrics(read: {
  index(): { readonly rows: number; readonly objects: number; readonly isCurrent: boolean };
  lagMilliseconds(): number;
}): WebhookMetrics {
  const registers = [new Registry()];
  const [registry = new Registry()] = registers;
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge("repull_webhook_index_rows", "Rows of the index of proved images.", () => read.index().rows);
  gauge("repull_webhook_index_objects", "Objects of the index.", () => read.index().objects);
  gauge("repull_webhook_index_current", "1 while changes of the index come in.", () =>
    read.index().isCurrent ? 1 : 0,
  );
  gauge(
    "repull_webhook_event_loop_lag_seconds",
    "How late the process is.",
    () => read.lagMilliseconds() / 1000,
  );
  return {
    requests: new Counter({
      name: "repull_webhook_requests_total",
      help: "Admission requests by result. With each result but answered, the pod was admitted as it was written.",
      labelNames: ["result"],
      registers,
    }),
    images: new Counter({
      name: "repull_webhook_images_total",
      help: "Images of admitted pods: swap, keep, or why it was left.",
      labelNames: ["answer"],
      registers,
    }),
    seconds: new Histogram({
      name: "repull_webhook_request_seconds",
      help: "From the request's head to its answer.",
      buckets: [0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.2, 0.5],
      registers,
    }),
    certificateEnd: new Gauge({
      name: "repull_webhook_certificate_end_seconds",
      help: "When the serving certificate ends, in seconds since the epoch; 0: there is none.",
      registers,
    }),
    page: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
