/** What the API server is told: who swaps images of new pods, and what our own account may write. */

import type { Node } from "./marks.ts";

export const ADMISSION_DOCUMENTS: readonly Node[] = [];
