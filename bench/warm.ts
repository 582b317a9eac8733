/**
 * Our copier in a process that is already warm, as a Lambda function is at its second event.
 *
 * Reads `{source, target, endpoints, platform?, login?}` a line, the login being the source's, copies, and prints what it took; connections to the source stay open between.
 */

import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { parsePlatform } from "../src/image/platform.ts";
import { parseReference } from "../src/image/reference.ts";
import type { FindCredentials } from "../src/oci/auth/credentials.ts";
import { createRegistries } from "../src/oci/client/registries.ts";
import { createCopier } from "../src/oci/copy/copier.ts";
import { httpTransport } from "../src/oci/http/http-transport.ts";
import { parseEndpoints } from "../src/oci/http/registry-endpoints.ts";
import { systemClock } from "../src/runtime/clock.ts";

const send = httpTransport();

for await (const line of createInterface({ input: process.stdin })) {
  const { source, target, endpoints, platform, login } = JSON.parse(line) as Record<string, string>;
  const place = parseReference(source ?? "");
  const credentials: FindCredentials = async (host) =>
    login !== undefined && host === place.host ? { kind: "basic", header: `Basic ${login}` } : undefined;
  const registries = createRegistries({
    send,
    clock: systemClock,
    endpoints: parseEndpoints(endpoints),
    credentials,
  });
  const copier = createCopier({ registries, clock: systemClock });
  const request = {
    source: place,
    target: parseReference(target ?? ""),
    ...(platform === undefined ? {} : { platforms: [parsePlatform(platform)] }),
  };
  const usedBefore = process.cpuUsage();
  const startedAt = performance.now();
  await copier.copy(request);
  const wallSeconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(usedBefore);
  // The kernel's own high-water mark: a child's resource usage begins with the size of the process that started it.
  const peakKibibytes = Number(/^VmHWM:\s+(\d+)/m.exec(await readFile("/proc/self/status", "utf8"))?.[1]);
  const peakMegabytes = (peakKibibytes * 1024) / 1e6;
  console.log(JSON.stringify({ wallSeconds, cpuSeconds: (user + system) / 1e6, peakMegabytes }));
}
send.close();
