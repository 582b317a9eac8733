/**
 * The prose of a page or a source file: what a person reads as sentences.
 *
 * Tables, headings and blocks of code are not sentences. A list of names in code, such as twenty permissions, is read
 * as one word.
 */

export type Sentence = { readonly line: number; readonly text: string; readonly words: number };

/** The sentences of a Markdown page, each with the line on which its paragraph begins. */
export function sentencesOf(page: string): readonly Sentence[] {
  return paragraphsOf(page).flatMap(({ line, text }) =>
    text
      .split(/(?<=[.!?][)"”*]*)\s+/)
      .filter((sentence) => /\w/.test(sentence))
      .map((sentence) => ({ line, text: sentence, words: sentence.split(/\s+/).length })),
  );
}

/**
 * The same lines with everything but the comments blanked. Names in backquotes, and of parameters, are not prose.
 * Space comes before a comment: `"images/*"` is none.
 */
export function commentsOf(source: string): string {
  const blank = (text: string) => text.replace(/[^\n]/g, " ");
  let isInside = false;
  return source
    .split("\n")
    .map((line) => {
      const begin = isInside ? 0 : line.search(/(?:^|\s)(?:\/\*|\/\/\s)/);
      if (begin === -1) return blank(line);
      const comment = line.slice(begin);
      isInside = (isInside || comment.trimStart().startsWith("/*")) && !comment.includes("*/");
      return blank(line.slice(0, begin)) + comment.replace(/`[^`]*`|@param \w+/g, blank);
    })
    .join("\n");
}

type Paragraph = { readonly line: number; readonly text: string };

function paragraphsOf(page: string): readonly Paragraph[] {
  const paragraphs: { line: number; text: string }[] = [];
  let isCode = false;
  let isOpen = false;
  for (const [index, line] of page.split("\n").entries()) {
    if (/^\s*```/.test(line)) isCode = !isCode;
    if (isCode || /^\s*(?:$|```|\||#|<!--)/.test(line)) {
      isOpen = false;
      continue;
    }
    const item = /^\s*(?:[-*]|\d+\.) +/.exec(line)?.[0];
    const text = line.slice(item?.length ?? 0).trim();
    const last = paragraphs.at(-1);
    if (isOpen && item === undefined && last !== undefined) last.text += ` ${text}`;
    else paragraphs.push({ line: index + 1, text });
    isOpen = true;
  }
  return paragraphs.map(({ line, text }) => ({ line, text: plain(text) }));
}

/** Links as their text, and a run of names in code as one word. */
function plain(text: string): string {
  return text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/`[^`]*`/g, "CODE")
    .replace(/CODE(?:(?:, and|, or|,| and| or) CODE)+/g, "CODE");
}
