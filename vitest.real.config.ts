import { defineConfig } from "vitest/config";

/** `npm run test:real`: against real servers (moto, docker-registry, skopeo), which must be installed. */
export default defineConfig({
  test: {
    include: ["test/real/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
