/**
 * Texts of failed pulls, and of what is not a pull, as people pasted them into public issues: whole logs and tables too.
 *
 * Each answer was written down before the rules read the text. A member that is absent is not judged: two answers
 * may be right. Hosts and accounts that were masked in the source stay masked.
 */

import { describe, expect, it } from "vitest";
import { classify } from "../../src/pull-failure/classify.ts";
import texts from "./public-texts.json" with { type: "json" };

type PublicText = {
  readonly id: string;
  readonly text: string;
  /** The image of the container, where the source has it with the text. */
  readonly given?: string;
  readonly kind: string;
  readonly limitedAs?: string;
  readonly registry?: string | null;
  readonly image?: string | null;
  readonly source: string;
};

const ALL: readonly PublicText[] = texts;

describe("classify", () => {
  for (const { id, text, given, kind, limitedAs, registry, image, source } of ALL) {
    it(`says ${kind} of the text ${id} (${source})`, () => {
      const told = classify(text, given);
      expect({
        kind: told.kind,
        limitedAs: told.limitedAs,
        ...(registry === undefined ? {} : { registry: told.registry ?? null }),
        ...(image === undefined ? {} : { image: told.image ?? null }),
      }).toEqual({
        kind,
        limitedAs,
        ...(registry === undefined ? {} : { registry }),
        ...(image === undefined ? {} : { image }),
      });
    });
  }

  for (const [form, carried] of Object.entries<(text: string) => string>({
    "a string of JSON": (text) => JSON.stringify(text),
    "JSON in a string of JSON": (text) => JSON.stringify(JSON.stringify({ message: text })),
    "a member of YAML": (text) => `    message: '${text.replaceAll("'", "''").replaceAll("\n", "\n      ")}'`,
    "a page's entities": (text) =>
      text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;"),
    "a quotation": (text) => `> ${text.replaceAll("\n", "\n> ")}`,
    "a log with times": (text) => text.replaceAll(/^/gm, "2026-11-28T10:00:00.000Z "),
    "a console's reason": (text) => `STOPPED (${text})`,
    "colours of a terminal": (text) => `\u001b[31m${text}\u001b[0m`,
    "lines of Windows": (text) => text.replaceAll("\n", "\r\n"),
    "narrow lines": (text) => text.replaceAll(/(?<=[^ ]{20,}) /g, "\n        "),
  })) {
    it(`says the same kind, registry and repository of a text as ${form}`, () => {
      const changed = ALL.flatMap(({ id, text, given }) => {
        const [plain, told] = [classify(text, given), classify(carried(text), given)];
        const same = plain.kind === told.kind && (plain.registry ?? "-") === (told.registry ?? "-");
        // A name at the very end may have been cut; in quotes it has an end.
        const sameImage = plain.image === undefined || plain.image === told.image;
        return same && sameImage ? [] : [`${id}: ${told.kind} ${told.registry} ${told.image}`];
      });
      expect(changed).toEqual([]);
    });
  }

  it("is not certain of a Docker Hub limit in any cut of a text that names none", () => {
    const wrong = ALL.filter(({ kind }) => !kind.startsWith("docker-hub")).flatMap(({ id, text, given }) =>
      Array.from({ length: text.length }, (_, length) => classify(text.slice(0, length), given)).flatMap(
        ({ kind, confidence }, length) =>
          kind.startsWith("docker-hub") && confidence === "certain" ? [`${id} at ${length}`] : [],
      ),
    );
    expect(wrong).toEqual([]);
  });
});
