/** Values that a program hands over, as a document: its texts are in no file, and have no places. */

import { type SourceDocument, valueAt } from "./document.ts";

export function valueDocument(value: unknown): SourceDocument {
  return {
    value,
    scalarAt: (pointer) => {
      const text = valueAt(value, pointer);
      return typeof text === "string"
        ? { text, range: { start: 0, end: 0 }, at: () => undefined }
        : undefined;
    },
  };
}
