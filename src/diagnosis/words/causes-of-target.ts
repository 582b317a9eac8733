/**
 * Words that name what was asked, and not what came of it: old forms and cut ones. The number of Fargate's tries
 * distinguishes the two kinds: it repeats an answered request (a denial, an absence) once, an unanswered one three or five times.
 * (public reports of both forms, 2021-2026)
 */

import { ecrRegistryOf } from "../../image/ecr-hosts.ts";
import type { CauseCode } from "../causes.ts";
import type { Found, Told } from "./told.ts";
import type { TargetName } from "./words.ts";

type Codes = readonly CauseCode[];

// biome-ignore format: a table is read by its columns
const BY_TARGET: Readonly<Partial<Record<TargetName, readonly [answered: Codes, silent: Codes]>>> = {
  "ecr.api":        [["role-may-not-get-ecr-token"],                                                     ["no-way-to-ecr-api"]],
  secretsmanager:   [["execution-role-may-not-read-secret", "secret-missing"],                           ["no-way-to-secrets-manager"]],
  ssm:              [["execution-role-may-not-read-parameter", "parameter-missing"],                     ["no-way-to-ssm"]],
  logs:             [["log-group-missing", "execution-role-may-not-write-logs", "execution-role-may-not-create-log-group"], ["no-way-to-cloudwatch-logs"]],
};

export function targetCauses({ words }: Told): readonly Found[] | undefined {
  const { text, target, region } = words;
  const both = target === undefined ? undefined : BY_TARGET[target];
  if (target === undefined || both === undefined) return undefined;
  const [answered, silent] = both;
  const tries = Number(/retried (?<tries>\d+) time/i.exec(text)?.groups?.tries ?? "0");
  // Of the login alone, a way that is missing is met far more often than a role that is.
  const isAnswered = tries === 0 ? target !== "ecr.api" : tries < 3;
  const params = { service: target, ...(region === undefined ? {} : { region }) };
  return (isAnswered ? [...answered, ...silent] : [...silent, ...answered]).map((code) => ({
    code,
    isCertain: false,
    ...(silent.includes(code) ? { params } : {}),
  }));
}

/** What begins as a private registry of ECR does, and goes on as none. */
export function misspeltCauses({ words: { host, fault } }: Told): readonly Found[] | undefined {
  if (host === undefined || !/^\d{12}\.dkr[.-]ecr\b/.test(host) || ecrRegistryOf(host) !== undefined)
    return undefined;
  const misspelt: Found = { code: "registry-host-misspelt", isCertain: true, params: { host } };
  return fault === "dns" ? [misspelt, { code: "dns-fails", isCertain: false, params: { host } }] : [misspelt];
}
