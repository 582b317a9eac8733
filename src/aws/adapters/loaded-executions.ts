/** The durable executions, whose client is loaded by the first that is started or looked up: few remediations need a copy. */

import { functionNameOf } from "../../remediation/detect/execution-names.ts";
import type { Executions } from "../../remediation/ports/ports.ts";
import { loadedWhenUsed } from "../../runtime/loaded-when-used.ts";
import type { AwsSettings } from "../client/client-config.ts";
import type { DurableFunctions } from "./durable-executions.ts";

export function loadedExecutions(settings: AwsSettings, functions: DurableFunctions): Executions {
  return {
    functionName: (workflow) => functionNameOf(functions[workflow]),
    ...loadedWhenUsed<Omit<Executions, "functionName">>({ start: true, status: true }, async () =>
      (await import("./durable-executions.ts")).createExecutions(settings, functions),
    ),
  };
}
