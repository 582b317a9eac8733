/** The body of an answer of AWS, up to a bound: an answer without an end must not fill the memory. */

/** Throws RangeError. */
export async function answerBytes(
  body: AsyncIterable<Uint8Array> | Uint8Array,
  bytesMax: number,
): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > bytesMax) throw new RangeError(`the answer is longer than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
