/**
 * Colours for a terminal, put on after the text was made safe for it.
 *
 * Only the beginning of a line is looked at, where foreign text never is. NO_COLOR, FORCE_COLOR and a stream that is
 * no terminal are Node's own `styleText` to judge.
 */

import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

const STYLES: readonly (readonly [start: RegExp, style: Style])[] = [
  [
    /^(?:✓|Writes: allowed|Copied to|Already there|Moved the tag|Resumed:|(?:succeeded|redeployed)\b)/gm,
    "green",
  ],
  [/^(?:✗|Writes: unknown|repull[a-z -]*: |(?:failed|rolled-back|no-substitute)\b)/gm, "red"],
  [
    /^(?:Writes: paused|Paused:|Not read:|(?:dry-run|awaiting-approval|quota-exceeded|not-eligible|rollout-timed-out|approval-expired|denied|superseded)\b)/gm,
    "yellow",
  ],
  [
    /^(?:Running|Done in 24 hours by the stack|Waiting services|Exit status|Examples|Usage|Options|Arguments|Commands):/gm,
    "bold",
  ],
  [/^(?: *→|next:|Undo:)/gm, "cyan"],
];

/** The text as it is where the stream takes no colour. */
export function highlight(text: string, stream: NodeJS.WriteStream): string {
  // A line of JSON, of which there may be many thousands: no line begins in it.
  if (text.startsWith("{") && text.indexOf("\n") === text.length - 1) return text;
  return STYLES.reduce(
    (styled, [start, style]) =>
      styled.replace(start, (words) => styleText(style, words, { stream, validateStream: true })),
    text,
  );
}
