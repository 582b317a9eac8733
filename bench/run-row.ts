/** One row: the same image by every tool, one after the other, as many times as asked, each time into a new registry. */

import { join } from "node:path";
import type { DockerRegistry } from "../test/support/registries/docker-registry.ts";
import type { BenchImage } from "./images.ts";
import { type Measure, measure } from "./measure.ts";
import { startWorker, type Worker } from "./process.ts";
import { pushLayout } from "./push-layout.ts";
import { LOGIN } from "./redirecting-registry.ts";
import type { Row } from "./rows.ts";
import { endpointsOf, type Tool } from "./tools.ts";
import type { Site, World } from "./world.ts";

export type Sample = Measure & {
  /** Of the same program that only prints its version; nothing where the process runs already. */
  readonly startSeconds: number;
  readonly startCpuSeconds: number;
  readonly sourceRequests: number;
  readonly targetRequests: number;
};
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

type Started = Measure & Pick<Sample, "startSeconds" | "startCpuSeconds">;
type Copy = (source: Site, target: Site, image: string) => Promise<Started>;

export async function runRow(world: World, input: RowInput): Promise<RowSamples> {
  const { row, runs, image, tools } = input;
  const source =
    row.redirects === true
      ? await world.redirecting(image.layout.folder, row.wire)
      : await world.reach(input.source, "source", row.wire);
  const worker = input.warm ? startWorker("warm.ts", [], world.environment()) : undefined;
  const copies = new Map<string, Copy>(
    tools.map((tool) => [tool.name, asProcess(world, tool, row.platform)]),
  );
  if (worker !== undefined) copies.set("warm", asWarm(worker, row));
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
    if (worker !== undefined) await once(asWarm(worker, row));
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
  return async (source, target, image) => {
    const command = tool.command({ ...source, image }, { ...target, image }, platform);
    const environment = { ...world.environment(), ...tool.environment?.(source, target) };
    const notes = join(world.folder, "time");
    const started = await measure(tool.start, environment, notes);
    return {
      ...(await measure(command, environment, notes)),
      startSeconds: started.wallSeconds,
      startCpuSeconds: started.cpuSeconds,
    };
  };
}

function asWarm(worker: Worker, { platform, redirects }: Row): Copy {
  return async (source, target, image) => {
    const places = { source: `${source.host}/${image}`, target: `${target.host}/${image}` };
    const login = redirects === true ? LOGIN : undefined;
    const asked = { ...places, endpoints: endpointsOf([source, target]), platform, login };
    const measured = JSON.parse(await worker.ask(JSON.stringify(asked))) as Measure;
    return { ...measured, startSeconds: 0, startCpuSeconds: 0 };
  };
}

/** Each run begins with another tool: the one after the heaviest should not always be the same. */
function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
