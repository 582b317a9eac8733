/**
 * What other tools call a command or an option, and what it is called here: an error names it.
 *
 * The words are those of gh, kubectl, crane, docker and git, and those that people try first.
 */

/** By the word that people type, which is not the name of a command here. */
export const OTHER_COMMANDS: Readonly<Record<string, string>> = {
  apply: "fix",
  audit: "check",
  config: "policy",
  copy: "mirror",
  cp: "mirror",
  describe: "diagnose",
  disable: "pause",
  enable: "resume",
  events: "history",
  get: "status",
  heal: "fix",
  images: "mirrors",
  info: "status",
  k8s: "kubernetes",
  limits: "rate-limit",
  lint: "check",
  list: "status",
  log: "history",
  logs: "history",
  ls: "status",
  preview: "plan",
  ps: "status",
  quota: "rate-limit",
  reject: "deny",
  repair: "fix",
  restore: "undo",
  revert: "undo",
  rollback: "undo",
  settings: "policy",
  start: "resume",
  stop: "pause",
  test: "doctor",
  unpause: "resume",
  why: "diagnose",
};

/** By the option that a command does not have. */
export const OTHER_OPTIONS: Readonly<Record<string, string>> = {
  "--assume-yes": "--yes",
  "--debug": "--verbose",
  "--force": "--yes",
  "--format": "--json",
  "--message": "--because",
  "--reason": "--because",
  "--silent": "--quiet",
};
