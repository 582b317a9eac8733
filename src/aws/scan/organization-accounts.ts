/**
 * The accounts of an organisation that can be scanned, or of some of its units with what is below them. A list that ends early is
 * reported: an account that is missing from it must not look scanned.
 */

import { getString, isList, isObject, optional } from "../../ecs/json-fields.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { callAws, toAwsError } from "../client/aws-error-codes.ts";
import { globalRegionOf } from "../client/calls/global-region.ts";
import { callJson } from "../client/calls/json-call.ts";
import type { AwsSettings } from "../client/client-config.ts";

type OrganizationAccount = { readonly id: string; readonly name?: string };

export type OrganizationAccounts = {
  readonly accounts: readonly OrganizationAccount[];
  /** Accounts that are suspended, closed, or not activated yet. */
  readonly inactive: readonly (OrganizationAccount & { readonly state: string })[];
  /** What of the list could not be read. */
  readonly gaps: readonly string[];
};

/** Of 20 accounts each: an organisation has 10 accounts by default, and 50,000 at most. */
const PAGES_MAX = 2_500;
/** https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html (read 2026-11): units of a root. */
const UNITS_MAX = 2_000;
const ACCOUNT_ID = /^[0-9]{12}$/;
const UNKNOWN = "unknown";

/**
 * Throws AwsError where not even a first page could be read.
 *
 * @param units `ou-…` or `r-…`; empty: the whole organisation
 */
export async function readOrganizationAccounts(
  settings: AwsSettings,
  units: readonly string[],
): Promise<OrganizationAccounts> {
  // One service for all regions of a partition.
  const at = { ...settings, region: globalRegionOf(settings.region) };
  const found = new Map<string, JsonObject>();
  const gaps: string[] = [];
  /** A list to its end; what ends it early is a gap once anything has been read. */
  const list = async (operation: string, member: string, input: JsonObject): Promise<JsonObject[]> => {
    const action = `organizations:${operation}`;
    const items: JsonObject[] = [];
    const seen = new Set<string>();
    let token: string | undefined;
    try {
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const body = { ...input, ...optional("NextToken", token) };
        const answer = await callAws(action, () => callJson("organizations", { operation }, body, at));
        const listed = answer[member];
        const objects = isList(listed) ? listed.filter(isObject) : [];
        items.push(...objects);
        if (!isList(listed) || objects.length < listed.length) throw notWhole(action, member);
        const next = answer.NextToken ?? "";
        // A page may be empty and have another one behind it.
        if (next === "") return items;
        if (typeof next !== "string") throw notWhole(action, "NextToken");
        if (seen.has(next)) break;
        seen.add(next);
        token = next;
      }
      gaps.push(`${action}: the list does not end`);
    } catch (error) {
      if (found.size === 0 && items.length === 0) throw error;
      gaps.push(toAwsError(action, error).message);
    }
    return items;
  };
  const note = (accounts: readonly JsonObject[]): void => {
    for (const account of accounts) {
      const id = getString(account, "Id") ?? "";
      if (ACCOUNT_ID.test(id)) found.set(id, account);
      else gaps.push("an account without a number");
    }
  };
  if (units.length === 0) note(await list("ListAccounts", "Accounts", {}));
  const waiting = [...new Set(units)];
  for (let next = 0; next < waiting.length && next < UNITS_MAX; next += 1) {
    const ParentId = waiting[next] ?? "";
    note(await list("ListAccountsForParent", "Accounts", { ParentId }));
    for (const unit of await list("ListOrganizationalUnitsForParent", "OrganizationalUnits", { ParentId })) {
      const id = getString(unit, "Id");
      if (id !== undefined && !waiting.includes(id)) waiting.push(id);
    }
  }
  if (waiting.length > UNITS_MAX) gaps.push(`more than ${UNITS_MAX} organisational units`);
  const all = [...found].toSorted(([a], [b]) => a.localeCompare(b));
  return {
    accounts: all.filter(([, account]) => mayBeActive(stateOf(account))).map(named),
    inactive: all
      .filter(([, account]) => !mayBeActive(stateOf(account)))
      .map((one) => ({ ...named(one), state: stateOf(one[1]) })),
    gaps,
  };
}

function named([id, account]: readonly [string, JsonObject]): OrganizationAccount {
  return { id, ...optional("name", getString(account, "Name")) };
}

/**
 * `Status` was announced to end on 9 September 2026, in favour of `State`; the two of them have ACTIVE in common.
 * https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html (read 2026-11)
 */
function stateOf(account: JsonObject): string {
  return getString(account, "State") ?? getString(account, "Status") ?? UNKNOWN;
}

/** One of which no state is reported is asked: what refuses its role is reported then. */
function mayBeActive(state: string): boolean {
  return state === "ACTIVE" || state === UNKNOWN;
}

function notWhole(action: string, member: string): AwsError {
  return new AwsError("unavailable", action, `${action}: ${member} of an answer cannot be read`);
}
