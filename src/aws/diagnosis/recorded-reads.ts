/**
 * The same reads of answers that were recorded, as the AWS CLI prints them: `<service>.<Operation>.json`, one each. An answer
 * that was not recorded is unknown. An answer may hold more than the request asked for: each read picks its own part.
 */

import { type AccountReads, type Answered, OPERATIONS, type Operation } from "../../diagnosis/reads.ts";
import { getObject, getString } from "../../ecs/json-fields.ts";
import { type Home, networkFacts, type Recorded } from "./recorded-network.ts";

export function recordedReads(recorded: Recorded, { account, region }: Home): AccountReads {
  return {
    account,
    region,
    read: async (operation) => recordedAnswer(recorded, operation),
    network: async (sources) => networkFacts(recorded, sources, { account, region }),
  };
}

function recordedAnswer(recorded: Recorded, operation: Operation): Answered {
  const answer = recorded.get(operation);
  if (answer === undefined)
    return { kind: "unread", permission: OPERATIONS[operation], because: `${operation} is not recorded` };
  const error = getObject(answer, "Error");
  if (error === undefined) return { kind: "answer", answer };
  const code = getString(error, "Code") ?? "";
  const because = `${code}: ${getString(error, "Message") ?? ""}`;
  return /NotFound|NoSuch/.test(code)
    ? { kind: "absent", code, because }
    : { kind: "unread", permission: OPERATIONS[operation], because };
}
