/** A refresh as lines for a reader: sources that are lost, tags that have moved with what to deploy, then the policy's list. */

import { counted } from "../../text/counted.ts";
import { namesOfUsers } from "./names-of-users.ts";
import type { Refresh } from "./refresh-line.ts";

type Copy = Refresh["wanted"][number]["copy"];

const LOSSES: Readonly<Record<Refresh["lost"][number]["code"], string>> = {
  "source-gone": "is not at its registry any more",
  "source-refused": "is refused by its registry: it was deleted there, or made private",
  "source-unreadable": "has not been readable in three runs",
};

export function formatRefresh(told: Refresh): readonly string[] {
  const { kind, because, tags, heads, unanswered, moved, lost, back, wanted, problems, unread } = told;
  if (kind === "locked") return [`Nothing was done: ${because ?? "another run is at work"}`];
  return [
    `${counted(tags, "tag")} in use, ${counted(heads, "HEAD")}, no pull${unanswered === 0 ? "" : `; of ${counted(unanswered, "tag")} nothing was learned`}`,
    ...(kind === "refreshed" && because !== undefined ? [`No copy was made: ${because}`] : []),
    ...lost.map(
      ({ source, code, since, users }) =>
        `Lost: ${source} ${LOSSES[code]}, since ${new Date(since).toISOString().slice(0, 16)}Z; its copies stay (${usersOf(users)})`,
    ),
    ...moved.flatMap((one) => [
      `Moved: ${one.source} is ${one.to}, and was ${one.from} (${usersOf(one.users)})`,
      `  ${copyOf(one.copy, kind)}`,
      ...one.images.map((image) => `  to deploy it: ${image}`),
      ...(one.copy.kind === "copied" && one.images.length === 0
        ? ["  the platforms that are copied have not changed"]
        : []),
    ]),
    ...(moved.length === 0
      ? []
      : ["Which services follow, and what each would run: repull mirrors refresh --apply"]),
    ...back.map((source) => `Back: ${source}`),
    ...wanted.map(({ source, copy }) => `Wanted: ${source}: ${copyOf(copy, kind)}`),
    ...problems.map(({ image, because: why }) => `Not followed: ${image}: ${why}`),
    ...cutLines(told),
    ...unread.map((what) => `Not read, so that every copy counts as used: ${what}`),
  ];
}

/** What did not fit into the function's answer. */
function cutLines({ cut, stack }: Refresh): readonly string[] {
  if (cut === undefined) return [];
  const { lost, moved, wanted, back } = cut;
  const parts = [
    ...(lost === 0 ? [] : [`${lost} lost`]),
    ...(moved === 0 ? [] : [`${moved} moved`]),
    ...(wanted === 0 ? [] : [`${wanted} wanted`]),
    ...(back === 0 ? [] : [`${back} back`]),
  ];
  return [
    `And ${parts.join(", ")}, more than one answer takes: aws logs tail /aws/lambda/${stack}-refresh --filter-pattern '"not in the answer"'`,
  ];
}

function copyOf({ kind, because }: Copy, run: Refresh["kind"]): string {
  const why = because === undefined ? "" : `: ${because}`;
  if (kind === "copied") return "copied";
  if (kind === "running") return "the copy goes on by itself";
  if (kind === "withheld" && run === "dry-run") return "would be copied";
  return `${{ waiting: "a later run copies it", failed: "not copied", none: "not copied", withheld: "not copied" }[kind]}${why}`;
}

function usersOf({ count, first }: Refresh["moved"][number]["users"]): string {
  const [name] = namesOfUsers(first);
  if (name === undefined) return "nothing found that uses it";
  return count === 1 ? `used by ${name}` : `used by ${name} and ${count - 1} more`;
}
