/** What a reader of words is given, and what it finds. */

import type { CauseCode, Params } from "../causes.ts";
import type { FailedStart, Reason } from "../failed-start.ts";
import type { Words } from "./words.ts";

export type Found = { readonly code: CauseCode; readonly isCertain: boolean; readonly params?: Params };

/** What a reader of words is given: the words, their field, and whose start it was. */
export type Told = { readonly words: Words; readonly reason: Reason; readonly start: FailedStart };
