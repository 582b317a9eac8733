/**
 * Counts what really ran, for the last line of `.ci/run`.
 *
 * A file that cannot be loaded has no tests that could fail: it counts as one failure, and so does a test that was
 * skipped without saying why.
 */

import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestModule } from "vitest/node";

export default class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tally = { passed: 0, failed: unhandled.length, skipped: [] as string[], names: [] as string[] };
    for (const module of modules) {
      tally.failed += module.errors().length;
      if (module.errors().length > 0) tally.names.push(module.moduleId);
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") tally.passed += 1;
        else if (result.state === "skipped" && result.note)
          tally.skipped.push(`${test.fullName}: ${result.note}`);
        else {
          tally.failed += 1;
          tally.names.push(`${module.relativeModuleId}: ${test.fullName}`);
          if (result.state === "skipped") tally.skipped.push(`${test.fullName}: WITHOUT A REASON`);
        }
      }
    }
    writeFileSync(process.env.TALLY_FILE ?? "tally.json", JSON.stringify(tally));
  }
}
