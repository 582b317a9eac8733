/** Answers about images as lines of JSON: what `--record` writes, `--assessments` reads, and the cache keeps. */

import * as z from "zod";
import { type Digest, isDigest } from "../../image/digest.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { tryParseReference } from "../../image/reference.ts";
import { answerKey, type ImageAnswer } from "../../prevention/check/image-answer.ts";
import { PROOFS, type Proof } from "../../substitution/proof.ts";

const digest = z.custom<Digest>((value) => typeof value === "string" && isDigest(value), "a digest");
const reference = z.string().refine((text) => tryParseReference(text) !== undefined, "an image reference");
const proof = z.enum([...PROOFS, "same-reference"] as [Proof, ...Proof[]]);

const answerLineSchema = z.looseObject({
  image: reference,
  replacement: z.strictObject({ image: reference, digest, proof }).nullish(),
  trusted: digest.nullish(),
  codes: z.array(z.string().max(60)).max(50).default([]),
  askedAt: z.iso.datetime().optional(),
});

export function answerLine({ image, replacement, trusted, codes, askedAt }: ImageAnswer): string {
  return `${JSON.stringify({ image, replacement: replacement ?? null, trusted: trusted ?? null, codes, askedAt })}\n`;
}

/** Throws InvalidInput that names the line. */
export function parseAnswerLines(text: string, option: string): readonly ImageAnswer[] {
  return text
    .split(/\r?\n/)
    .flatMap((line, at) => (line.trim() === "" ? [] : [answerIn(line, at + 1, option)]));
}

function answerIn(line: string, number: number, option: string): ImageAnswer {
  const wrong = (what: string): never => {
    throw new InvalidInput(
      option,
      `a line {image, replacement: {image, digest, proof}, trusted}: line ${number}: ${what}`,
    );
  };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return wrong("it is not JSON");
  }
  const read = answerLineSchema.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    return wrong(`${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { image, replacement, trusted, codes, askedAt } = read.data;
  return {
    image: answerKey(image) ?? image,
    ...(replacement == null ? {} : { replacement }),
    ...(trusted == null ? {} : { trusted }),
    codes,
    ...(askedAt === undefined ? {} : { askedAt }),
  };
}
