/**
 * How the image starts Node: for processes that wait most of their time, in as little memory as they need.
 *
 * By itself V8 lets its heap grow to a multiple of what is in use before it looks for what is not: a controller in a cluster of
 * 5,000 pods then has 286 MB, and 108 MB at most with these (docs/bench-kubernetes.md). No limit is among them: a larger cluster gets what it needs.
 */
export const NODE_FLAGS = [
  "--optimize-for-size",
  "--max-semi-space-size=1",
  "--heap-growing-percent=20",
] as const;

/**
 * By itself glibc gives each thread an arena of its own, which keeps what is freed. Node's threads share one with this.
 * https://www.gnu.org/software/libc/manual/html_node/Malloc-Tunable-Parameters.html (`M_ARENA_MAX`, read 2026-11)
 */
export const NODE_ENVIRONMENT = { MALLOC_ARENA_MAX: "1" } as const;
