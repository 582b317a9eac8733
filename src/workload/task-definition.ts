/**
 * A task definition is carried as the JSON that ECS sent, never as a typed view of it: what a view does
 * not know, it loses, and AWS adds members every few months. Only what is named here is ever changed.
 */

import type { JsonObject } from "../runtime/json.ts";

export type Tag = { readonly key: string; readonly value: string };

/** What DescribeTaskDefinition answers with `include: ["TAGS"]`: the tags stand beside, not inside. */
export type DescribedTaskDefinition = { readonly taskDefinition: JsonObject; readonly tags: readonly Tag[] };
