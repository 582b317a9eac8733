/**
 * A pure function that knows its last answers: the tasks of a deployment fail by the same words, thousands of times over.
 * What is kept is bounded, in number and in the length of what is asked.
 */

const ANSWERS_MAX = 500;
const LENGTH_MAX = 4096;

/** @param keyOf all that the answer depends on */
export function remember<Question, Answer>(
  answer: (question: Question) => Answer,
  keyOf: (question: Question) => string,
): (question: Question) => Answer {
  const known = new Map<string, { readonly answer: Answer }>();
  return (question) => {
    const key = keyOf(question);
    if (key.length > LENGTH_MAX) return answer(question);
    const found = known.get(key);
    if (found !== undefined) return found.answer;
    if (known.size >= ANSWERS_MAX) known.clear();
    const fresh = answer(question);
    known.set(key, { answer: fresh });
    return fresh;
  };
}
