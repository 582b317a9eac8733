/**
 * The causes that a failed start's own words lead to, best first. Sends no request.
 *
 * Where words leave one reading, that is the cause; where they narrow it down, the likeliest come in order, and the
 * account's facts decide between them.
 */

import { classify } from "../../pull-failure/classify.ts";
import { remember } from "../../text/remember.ts";
import type { CauseCode, Hypothesis, Params } from "../causes.ts";
import type { FailedStart, Reason } from "../failed-start.ts";
import { deniedCauses } from "./causes-of-denial.ts";
import { endCauses } from "./causes-of-end.ts";
import { networkCauses } from "./causes-of-network.ts";
import { phraseCauses } from "./causes-of-phrases.ts";
import { pullCauses } from "./causes-of-pull.ts";
import { misspeltCauses, targetCauses } from "./causes-of-target.ts";
import type { Found, Told } from "./told.ts";
import { wordsOf } from "./words.ts";

/** No reason of ECS is near this long. */
const LENGTH_MAX = 20_000;
/** Without one of these no text is one of a limit: most texts are not classified for it. */
const MAY_TELL_OF_LIMIT = /limit|429|too ?many|throttl|quota|exceed|unexpected status|aka\.ms/i;
const LIMITS = new Set(["docker-hub-pull-limit", "docker-hub-abuse-limit", "registry-limit"]);

export function hypothesesOf(start: FailedStart): readonly Hypothesis[] {
  // Who stops a task by hand may write what they like.
  const isFreeText = ({ field }: Reason) => start.stopCode === "UserInitiated" && field === "stoppedReason";
  const reasons = start.reasons.filter((reason) => !isFreeText(reason));
  const told = reasons.flatMap((reason) => {
    const { found, text } = read({ reason, start });
    return found.map(
      ({ code, isCertain, params = {} }): Hypothesis => ({
        code,
        certainty: isCertain ? "certain" : "likely",
        params: { ...present(reason), ...params },
        source: { field: reason.field, text },
      }),
    );
  });
  const ends = endCauses(start, told);
  const certain = [...told, ...ends].filter(({ certainty }) => certainty === "certain");
  const likely = [...told, ...ends].filter(({ certainty }) => certainty === "likely");
  return distinct([...certain, ...likely]);
}

/** What the words lead to, and the words as they are quoted. */
const read = remember(
  ({ reason, start }: Omit<Told, "words">) => {
    const whole = wordsOf(reason.text);
    const named = withoutName(reason.text);
    const words = named === reason.text ? whole : wordsOf(named);
    return { found: causesIn({ words, reason, start }), text: whole.text };
  },
  ({ reason, start: { launchType = "", stopCode = "", containers } }) =>
    [reason.text, reason.image, launchType, stopCode, ...containers.map(({ image }) => image)].join("\n"),
);

function causesIn(told: Told): readonly Found[] {
  const { words, reason } = told;
  if (MAY_TELL_OF_LIMIT.test(reason.text)) {
    const { kind, registry } = classify(reason.text.slice(0, LENGTH_MAX), reason.image);
    if (LIMITS.has(kind)) {
      const code = kind as Extract<CauseCode, typeof kind>;
      return [{ code, isCertain: true, ...(registry === undefined ? {} : { params: { registry } }) }];
    }
  }
  const found =
    deniedCauses(words) ??
    phraseCauses(told) ??
    misspeltCauses(told) ??
    networkCauses(told) ??
    pullCauses(told) ??
    targetCauses(told) ??
    [];
  // What was cut may have gone on to say the opposite.
  return words.isCut && found.length > 1 ? found.map((one) => ({ ...one, isCertain: false })) : found;
}

/** A service may be called after any of the words that are looked for. */
function withoutName(text: string): string {
  return text.slice(0, LENGTH_MAX).replace(/\(service [^()\s]+\)/g, "(service)");
}

function present({ container, image }: Reason): Params {
  return { ...(container === undefined ? {} : { container }), ...(image === undefined ? {} : { image }) };
}

function distinct(all: readonly Hypothesis[]): readonly Hypothesis[] {
  return all.filter(({ code }, index) => all.findIndex((one) => one.code === code) === index);
}
