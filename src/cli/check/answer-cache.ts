/**
 * Answers of earlier runs, on disk: a build that runs ten times an hour asks once. What is older than six hours, or was asked by
 * other settings, does not count. A cache that cannot be read or written is none.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ImageAnswer } from "../../prevention/check/image-answer.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { CommandIo } from "../io.ts";
import { answerLine, parseAnswerLines } from "./answer-lines.ts";

const AGE_MAX_MS = 6 * 60 * 60 * 1000;
const ENTRIES_MAX = 5000;
/** What says that the next run may know more. */
const PASSING = [
  "trust-unreadable",
  "origin-unreadable",
  "unreachable",
  "rate-limited",
  "unknown",
  "no-answer",
  "no-time",
  "not-asked",
];

export type AnswerCache = {
  readonly answers: readonly ImageAnswer[];
  /** Keeps what has been asked now. */
  keep(asked: readonly ImageAnswer[]): void;
};

type CacheKey = {
  readonly policy: Policy;
  /** Whose ECR was asked. */
  readonly account?: string;
  readonly isAnonymous: boolean;
};

export function answerCache(io: Pick<CommandIo, "env">, key: CacheKey, now: number): AnswerCache {
  const path = pathOf(io, key);
  if (path === undefined) return { answers: [], keep: () => {} };
  const answers = read(path).filter(({ askedAt }) => {
    const age = now - Date.parse(askedAt ?? "");
    return age >= 0 && age < AGE_MAX_MS;
  });
  return { answers, keep: (asked) => write(path, [...asked.filter(isLasting), ...answers]) };
}

function isLasting({ codes }: ImageAnswer): boolean {
  return !codes.some((code) => PASSING.includes(code) || code.startsWith("account-"));
}

function pathOf(
  { env }: Pick<CommandIo, "env">,
  { policy, account = "", isAnonymous }: CacheKey,
): string | undefined {
  const folder = env.XDG_CACHE_HOME || (env.HOME ? join(env.HOME, ".cache") : undefined);
  if (folder === undefined || folder === "") return undefined;
  const { strategies, imageMappings, minimumProof, registries } = policy;
  const settings = {
    strategies,
    imageMappings,
    minimumProof,
    registries,
    account,
    isAnonymous,
    env: env.REPULL_REGISTRY_ENDPOINTS,
  };
  const name = createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 16);
  return join(folder, "repull", `check-${name}.jsonl`);
}

function read(path: string): readonly ImageAnswer[] {
  try {
    return parseAnswerLines(readFileSync(path, "utf8"), "the cache");
  } catch {
    return [];
  }
}

function write(path: string, answers: readonly ImageAnswer[]): void {
  const once = new Map(answers.toReversed().map((answer) => [answer.image, answer]));
  const lines = [...once.values()].reverse().slice(0, ENTRIES_MAX).map(answerLine);
  try {
    makeFolder(dirname(path));
    writeFileSync(`${path}.new`, lines.join(""), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // A home that cannot be written to: everything is asked again the next time.
  }
}

/**
 * From the outside in. Node's own `recursive` never ends where a file system answers ENOENT although the parent is there, as an
 * automounted /home does for a user without a home (Node 24.21).
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}
