/** The demonstration's world: one image that ECR Public has, one that must be copied, one that was copied long ago. */

import type { Random } from "../../sandbox/random.ts";
import { readWorldFile, type WorldFile } from "../../sandbox/world/world-file.ts";

export const DEMO_CLUSTER = "shop";
export const DEMO_SERVICES = ["storefront", "dashboards", "jobs"] as const;

const OFFICIAL = ["nginx:1.27", "httpd:2.4", "caddy:2.8", "traefik:3.1"];
const VENDOR = ["grafana/grafana:11.2.0", "metabase/metabase:v0.50.3", "prefecthq/prefect:3.1.0"];
const RUNTIME_AND_CACHE = [
  ["python:3.12", "redis:7"],
  ["node:22", "memcached:1.6"],
  ["ruby:3.3", "valkey/valkey:8"],
] as const;

/** A world of its own for each seed. */
export function demoWorld(random: Random): WorldFile {
  const official = random.pick(OFFICIAL);
  const vendor = random.pick(VENDOR);
  const [runtime, cache] = random.pick(RUNTIME_AND_CACHE);
  const before = "nginx:1.25";
  const shop = { cluster: DEMO_CLUSTER };
  const hub = [official, vendor, runtime, cache, before].map((image) => [
    pathOf(image),
    { platforms: ["linux/amd64", "linux/arm64"] },
  ]);
  return readWorldFile({
    services: [
      {
        ...shop,
        name: "storefront",
        image: official,
        formerly: before,
        revision: 42,
        desiredCount: random.integer(2, 4),
      },
      {
        ...shop,
        name: "dashboards",
        image: vendor,
        revision: 7,
        launchType: "EC2",
        architecture: "X86_64",
        desiredCount: random.integer(1, 2),
      },
      {
        ...shop,
        name: "jobs",
        images: { worker: runtime, cache },
        revision: 18,
        architecture: "ARM64",
        desiredCount: random.integer(1, 3),
      },
    ],
    registries: {
      "docker.io": { images: Object.fromEntries(hub), quota: { remaining: random.integer(0, 1) } },
      "public.ecr.aws": { images: { ...publicTwin(official), ...publicTwin(cache) } },
      ecr: {
        images: { [`repull/docker.io/${pathOf(runtime)}`]: { sameAs: `docker.io/${pathOf(runtime)}` } },
      },
    },
  });
}

function pathOf(image: string): string {
  return image.includes("/") ? image : `library/${image}`;
}

function publicTwin(image: string): Readonly<Record<string, { sameAs: string }>> {
  return image.includes("/") ? {} : { [`docker/library/${image}`]: { sameAs: `docker.io/library/${image}` } };
}
