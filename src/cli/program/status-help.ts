/** The exit statuses of one command, for its help: those that it can end with, and what they mean there. */

/** What scripts may rely on, of every command. */
const OF_EVERY_COMMAND: Readonly<Record<number, string>> = {
  0: "done, or nothing found",
  1: "bad news: a failed outcome, findings, an answer of no",
  2: "a wrong call, or unreadable input",
  3: "a rate limit is reached",
  4: "refused: no login, no right, no stack, a pause, a tag that is taken",
  5: "not sure, or not finished",
  130: "stopped by Ctrl-C or SIGTERM",
};

type Meanings = Readonly<Partial<Record<number, string>>>;

/** By the command's words. A status without a row here means the same as everywhere; `""`: the command never ends so. */
const MEANINGS: Readonly<Record<string, Meanings>> = {
  approve: { 0: "approved, or the plans that wait are listed", 1: "an answer was not accepted", 3: "" },
  check: {
    0: "no image depends on a registry with a pull limit, or --fix replaced each",
    1: "an image depends on such a registry",
    3: "",
  },
  completion: { 0: "done", 1: "", 3: "" },
  demo: { 0: "every service runs again", 1: "a service does not", 3: "" },
  deny: { 0: "denied", 1: "an answer was not accepted", 3: "" },
  diagnose: { 0: "no cause: the task starts", 1: "a cause was found", 3: "" },
  doctor: { 0: "no check failed", 1: "a check failed", 3: "" },
  explain: { 0: "every text was read, whatever it means", 1: "", 3: "" },
  fix: {
    0: "the service runs the substitute, or needs none",
    1: "it does not, or the answer was no",
  },
  history: { 0: "done, or nothing found", 1: "", 3: "" },
  "policy check": {
    0: "a policy, and the stack gives its rights",
    1: "not a policy, or a right is missing",
    3: "",
  },
  "policy init": { 0: "done", 1: "", 3: "" },
  "policy schema": { 0: "done", 1: "", 3: "" },
  plan: { 0: "a fix is possible, or none is needed", 1: "no fix is possible now" },
  "rate-limit": {
    0: "pulls are left, as many as --pulls names",
    3: "fewer pulls are left than --pulls names, or none",
  },
  schema: { 0: "done", 1: "", 3: "" },
  status: { 0: "every part was read", 1: "", 3: "", 5: "a part could not be read" },
  undo: {
    0: "undone, or what would be is shown",
    1: "something was not undone, or nothing was found",
    3: "",
  },
  version: { 0: "done", 1: "", 3: "" },
};

/** The block of the help. */
export function statusHelp(words: string): string {
  const meanings: Meanings = { ...OF_EVERY_COMMAND, ...MEANINGS[words] };
  const lines = Object.entries(meanings).filter(([, meaning]) => meaning !== "");
  return ["Exit status:", ...lines.map(([status, meaning]) => `  ${status.padEnd(3)}  ${meaning}`)].join(
    "\n",
  );
}
