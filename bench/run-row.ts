/** One row: the same image by every tool in turn, as many times as asked, each time into a new registry. */

import { join } from "node:path";
import type { DockerRegistry } from "../test/support/registries/docker-registry.ts";
import type { BenchImage } from "./images.ts";
import { type Measure, measure } from "./measure.ts";
import { startWorker, type Worker } from "./process.ts";
import { pushLayout } from "./push-layout.ts";
import type { Row } from "./rows.ts";
import { endpointsOf, type Tool } from "./tools.ts";
import type { Site, World } from "./world.ts";

export type Sample = Measure & { readonly sourceRequests: number; readonly targetRequests: number };
/** Samples by the tool's name. */
export type RowSamples = ReadonlyMap<string, readonly Sample[]>;

export type RowInput = {
  readonly row: Row;
  readonly runs: number;
  readonly image: BenchImage;
  /** Holds the image as `bench/<name>:v1`. */
  readonly source: DockerRegistry;
  readonly tools: readonly Tool[];
  /** Also our copier in a process that is already warm. */
  readonly warm: boolean;
};

type Copy = (source: Site, target: Site, image: string) => Promise<Measure>;

export async function runRow(world: World, input: RowInput): Promise<RowSamples> {
  const { row, runs, image, tools } = input;
  const source =
    row.redirects === true
      ? await world.redirecting(image.layout.folder, row.wire)
      : await world.reach(input.source, "source", row.wire);
  // The warm one has no login, and copies whole images.
  const isWarm = input.warm && row.redirects !== true && row.platform === undefined;
  const worker = isWarm ? startWorker("warm.ts", [], world.environment()) : undefined;
  const copies = new Map<string, Copy>(
    tools.map((tool) => [tool.name, asProcess(world, tool, row.platform)]),
  );
  if (worker !== undefined) copies.set("warm", asWarm(worker));
  const samples = new Map<string, Sample[]>([...copies.keys()].map((name) => [name, []]));
  const once = async (copy: Copy): Promise<Sample> => {
    // A new registry on a new port: nothing there, and nothing that a tool remembers of it.
    const registry = await world.registry(row.secure);
    const target = await world.reach(registry, "target", row.wire);
    try {
      if (row.image === "present") await pushPresent(world, image, registry);
      const before = [await source.registry.requestCount(), await registry.requestCount()] as const;
      const measured = await copy(source, target, `bench/${image.name}:v1`);
      const after = [await source.registry.requestCount(), await registry.requestCount()] as const;
      return { ...measured, sourceRequests: after[0] - before[0], targetRequests: after[1] - before[1] };
    } finally {
      await target.stop();
      await registry.stop();
    }
  };
  try {
    if (worker !== undefined) await once(asWarm(worker));
    for (let run = 0; run < runs; run++) {
      for (const [name, copy] of rotated([...copies], run)) samples.get(name)?.push(await once(copy));
    }
  } finally {
    await worker?.stop();
    await source.stop();
  }
  return samples;
}

async function pushPresent(
  world: World,
  { layout, name }: BenchImage,
  { url }: DockerRegistry,
): Promise<void> {
  await pushLayout(layout, { url, repository: `bench/${name}`, ca: world.certificate.certificate }, "v1");
}

function asProcess(world: World, tool: Tool, platform: string | undefined): Copy {
  return (source, target, image) => {
    const command = tool.command({ ...source, image }, { ...target, image }, platform);
    const environment = { ...world.environment(), ...tool.environment?.(source, target) };
    return measure(command, environment, join(world.folder, "time"));
  };
}

function asWarm(worker: Worker): Copy {
  return async (source, target, image) => {
    const places = { source: `${source.host}/${image}`, target: `${target.host}/${image}` };
    const asked = { ...places, endpoints: endpointsOf([source, target]) };
    return JSON.parse(await worker.ask(JSON.stringify(asked))) as Measure;
  };
}

/** Each run begins with another tool: the one after the heaviest should not always be the same. */
function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
