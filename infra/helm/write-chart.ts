/** `npm run chart`: writes infra/helm/repull from src/kubernetes/chart. */

import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { chartFiles } from "./chart-files.ts";

const CHART = join(import.meta.dirname, "repull");
await rm(join(CHART, "templates"), { recursive: true, force: true });
for (const [path, text] of Object.entries(chartFiles())) {
  await mkdir(dirname(join(CHART, path)), { recursive: true });
  await writeFile(join(CHART, path), text);
}
