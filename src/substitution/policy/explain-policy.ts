/**
 * A policy document, checked and explained before it is used.
 *
 * Everything that is wrong is said at once; what is right is explained key by key, with a mark on what the document
 * changes.
 */

import { InvalidInput } from "../../image/invalid-input.ts";
import type { Scope } from "../glob.ts";
import {
  DEFAULT_POLICY,
  type Policy,
  type PolicyError,
  parseDocument,
  readPolicy,
  validatePolicy,
} from "./policy.ts";
import { formatRegistries } from "./registries.ts";

export type PolicyCheck =
  | { readonly kind: "valid"; readonly policy: Policy; readonly lines: readonly string[] }
  | {
      readonly kind: "invalid";
      readonly errors: readonly PolicyError[];
      readonly lines: readonly string[];
    };

/** Judges the text of a policy document. Never throws for what is in it. */
export function checkPolicy(text: string): PolicyCheck {
  let value: Readonly<Record<string, unknown>>;
  try {
    value = parseDocument(text);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return invalid([{ path: error.path, expected: error.expected }]);
  }
  const complaints = validatePolicy(value);
  if (complaints.length > 0) return invalid(complaints);
  const policy = readPolicy(value);
  return { kind: "valid", policy, lines: explainPolicy(policy) };
}

function invalid(complaints: readonly PolicyError[]): PolicyCheck {
  return {
    kind: "invalid",
    errors: complaints,
    lines: complaints.map(({ path, expected }) => `${path}: expected ${expected}`),
  };
}

/** The whole policy, a line for each key; `*` marks each value that is not the default. */
export function explainPolicy(policy: Policy): readonly string[] {
  const width = Math.max(...Object.keys(SENTENCES).map((key) => key.length));
  return Object.entries(SENTENCES).map(([key, words]) => {
    const isDefault =
      JSON.stringify(policy[key as keyof Policy]) === JSON.stringify(DEFAULT_POLICY[key as keyof Policy]);
    return `${isDefault ? " " : "*"} ${key.padEnd(width)}  ${words(policy)}`;
  });
}

const SENTENCES: Readonly<Record<keyof Policy, (policy: Policy) => string>> = {
  mode: ({ mode }) =>
    ({
      remediate: "services are healed",
      approve: "services are healed once a plan is approved",
      observe: "plans and reports, and writes nothing",
    })[mode],
  approvalHours: ({ approvalHours }) => `a plan waits ${approvalHours} hours for an approval`,
  onActiveDeployment: ({ onActiveDeployment }) =>
    ({
      act: "acts while a deployment is under way",
      wait: "waits for a deployment that is under way, three hours at most",
      report: "only reports while a deployment is under way",
    })[onActiveDeployment],
  strategies: ({ strategies }) => `in this order: ${strategies.join(", ")}`,
  minimumProof: ({ minimumProof }) => `no bytes below ${minimumProof} ever run`,
  pinning: ({ pinning }) =>
    pinning === "digest"
      ? "a substitute is written by the digest that was proved"
      : "a substitute is written by a tag, which can move",
  platforms: ({ platforms }) =>
    platforms === "task" ? "a copy holds what the tasks need" : "a copy holds every platform of the image",
  mirrorPrefix: ({ mirrorPrefix }) => `copies live in ECR under ${mirrorPrefix}/`,
  clusters: ({ clusters }) => formatScope(clusters),
  services: ({ services }) => formatScope(services),
  images: ({ images }) => formatScope(images),
  additionalCopyRepositories: ({ additionalCopyRepositories }) =>
    additionalCopyRepositories.length === 0
      ? "no further repositories are looked into"
      : `copies are also looked for in ${additionalCopyRepositories.join(", ")}`,
  imageMappings: ({ imageMappings }) =>
    imageMappings.length === 0
      ? "no places of your own are asked"
      : imageMappings
          .map(
            ({ image, use, allowDifferentContent }) =>
              `${image} is also ${use}${allowDifferentContent ? ", WHATEVER ITS BYTES" : ", if its bytes are the same"}`,
          )
          .join("; "),
  repository: ({ repository: { immutableTags, scanOnPush, kmsKey, tags } }) =>
    [
      `made with ${immutableTags ? "immutable" : "mutable"} tags`,
      scanOnPush ? "scanned on push" : "not scanned on push",
      kmsKey === undefined ? "ECR's own encryption" : `the key ${kmsKey}`,
      ...Object.entries(tags).map(([key, value]) => `tag ${key}=${value}`),
    ].join(", "),
  registries: ({ registries }) => formatRegistries(registries),
  dockerHubSecret: ({ dockerHubSecret }) =>
    dockerHubSecret === undefined
      ? "no account: Docker Hub is queried anonymously, and no task signs in"
      : `the account in ${dockerHubSecret}`,
  dockerHubSecretKey: ({ dockerHubSecretKey }) =>
    dockerHubSecretKey === undefined
      ? "the secret is under Secrets Manager's own key"
      : `the secret is under the key ${dockerHubSecretKey}, which the tasks' role must be able to use`,
  allowUnverifiedSecretAccess: ({ allowUnverifiedSecretAccess }) =>
    allowUnverifiedSecretAccess
      ? "tasks may be given the secret unasked whether their role can read it"
      : "tasks are given the secret only where their role is known to read it",
  waitForLimit: ({ waitForLimit }) =>
    waitForLimit
      ? "where only Docker Hub has an image and its limit is reached, its window is waited for: six hours at most"
      : "where only Docker Hub has an image and its limit is reached, nothing is waited for",
  executionRole: ({ executionRole }) =>
    executionRole === undefined
      ? "tasks without an execution role get none"
      : `tasks without one get ${executionRole}`,
  standaloneTasks: ({ standaloneTasks }) =>
    ({
      report: "a standalone task (RunTask) is reported, and left as it is",
      register: "a standalone task (RunTask) gets a revision for its next start",
      run: "a standalone task (RunTask) is RUN AGAIN, once, on a new revision",
    })[standaloneTasks],
  schedules: ({ schedules }) =>
    ({
      report: "a task of a rule or schedule is told of, and left alone",
      move: "a rule or schedule that pins the failing revision is moved to the new one",
      "move-and-run": "a rule or schedule is moved to the new revision, and the failed run MADE UP FOR",
    })[schedules],
  quotas: ({ quotas }) =>
    `${quotas.remediationsPerHour} remediations per hour, ${quotas.bytesPerDay} copied per day`,
};

function formatScope({ include, exclude }: Scope): string {
  const all = include.length === 1 && include[0] === "*";
  const inside = all ? "all" : include.length === 0 ? "none" : include.join(", ");
  return exclude.length === 0 ? inside : `${inside}, but not ${exclude.join(", ")}`;
}
