import { defineConfig } from "vitest/config";

/** `npm run test:kube`: against a real control plane, which `.ci/kube/kube-tools.sh .cache/kube` builds. */
export default defineConfig({
  test: {
    include: ["test/kube/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    fileParallelism: false,
    // Programs that are started die with the thread that started them: a process for each file has one.
    pool: "forks",
  },
});
