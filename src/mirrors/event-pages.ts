/** Splits the report of a run into events that the bus takes: EventBridge's targets take 256 KB, and names may be long. Pure. */

const BYTES_OF_EVENT = 200_000;

/** In their order; without rows, no page. */
export function eventPages<Row>(
  rows: readonly Row[],
  rowsMax = Number.POSITIVE_INFINITY,
): readonly (readonly Row[])[] {
  const pages: Row[][] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = Buffer.byteLength(JSON.stringify(row)) + 1;
    const page = pages.at(-1);
    const isFull = page === undefined || page.length >= rowsMax || bytes + size > BYTES_OF_EVENT;
    if (isFull) pages.push([row]);
    else page.push(row);
    bytes = isFull ? size : bytes + size;
  }
  return pages;
}
