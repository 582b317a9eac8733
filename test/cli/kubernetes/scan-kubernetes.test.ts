/** A cluster's exposure in the forms of a scan: which workloads depend on Docker Hub, what Repull would do, what slipped through. */

import { describe, expect, test } from "vitest";
import { LINE_SCHEMAS } from "../../../src/cli/output/line-schemas.ts";
import { scanOpenCluster } from "../../../src/cli/scan/scan-kubernetes.ts";
import { commandIo } from "../../support/command-io.ts";
import { manualClock } from "../../support/kubernetes/controller-world.ts";
import { shopCluster, USE } from "../../support/kubernetes/shop-cluster.ts";

async function scanned(
  options: { csv?: boolean; json?: boolean; html?: string } = {},
  cluster = shopCluster(),
) {
  const files = new Map<string, string>();
  const io = { ...commandIo(), writeFile: async (path: string, text: string) => void files.set(path, text) };
  const input = { kubeContext: "blue", namespace: "repull", csv: false, json: false, ...options };
  const status = await scanOpenCluster(cluster, input, io, manualClock());
  return { status, ...io.printed, files };
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects to be there
const objectsIn = (text: string): any[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("a scan of a cluster", () => {
  test("has a line for each workload of Docker Hub's images, and a summary, by the published schemas", async () => {
    const lines = objectsIn((await scanned({ json: true })).out);
    for (const line of lines) LINE_SCHEMAS[line.type as "scan"].parse(line);
    expect(
      lines
        .filter(({ type }) => type === "scan")
        .map(({ name, expectedStarts, notRemediatedBecause }) => [
          name,
          expectedStarts,
          notRemediatedBecause,
        ]),
    ).toEqual([
      ["shop/CronJob/report", 12, undefined],
      ["shop/Deployment/web", 3, undefined],
      ["shop/Deployment/cache", 1, expect.stringContaining("absent")],
    ]);
    expect(lines.at(-1)).toMatchObject({ type: "summary", pods: 2, workloads: 5, clusters: 1 });
  });

  test("names the pods that admission should have changed, with the reason", async () => {
    const { slipped } = objectsIn((await scanned({ json: true })).out).at(-1);
    expect(
      slipped.map(({ workload, pods, reason, use }: Record<string, unknown>) => [
        workload,
        pods,
        reason,
        use,
      ]),
    ).toEqual([
      ["shop/Deployment/web", 1, "created-before", USE],
      ["shop/Deployment/web", 1, "not-asked", USE],
    ]);
  });

  test("says the same in words, as CSV, and as a report that runs nothing of others", async () => {
    const { out } = await scanned();
    expect(out).toMatch(/shop\/Deployment\/web/);
    expect(out).toMatch(/not-asked/);
    expect((await scanned({ csv: true })).out.split("\n")[1]).toContain(USE);
    const { files } = await scanned({ html: "report.html" });
    const html = files.get("report.html") ?? "";
    expect(html).toContain("cluster blue");
    expect(html).toContain("shop/Deployment/web");
    expect(html).toContain("not-asked");
  });

  test("says that nothing would be done where the mode is observe, and that nothing has slipped through", async () => {
    const lines = objectsIn((await scanned({ json: true }, shopCluster("observe"))).out);
    for (const { type, notRemediatedBecause } of lines)
      if (type === "scan") expect(notRemediatedBecause).toEqual(expect.any(String));
    expect(lines.at(-1).slipped).toEqual([]);
  });

  test("judges by names where Repull is not installed", async () => {
    const cluster = shopCluster();
    cluster.remove("deployments", { namespace: "repull", name: "repull" });
    cluster.remove("imageindexes", { name: "repull-0" });
    const [first] = objectsIn((await scanned({ json: true }, cluster)).out);
    expect(first).toMatchObject({
      name: "shop/CronJob/report",
      notRemediatedBecause: expect.any(String),
      images: [{ first: { strategy: "ecr-public" } }],
    });
  });
});
