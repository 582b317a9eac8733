/** What belongs to a scan and is not in its figures, with the reason: a report without it would look whole. */

export type NotScanned = {
  readonly account?: string;
  readonly accountName?: string;
  readonly profile?: string;
  /** A cluster, by its context. */
  readonly kubernetes?: string;
  readonly code: string;
  readonly because: string;
  readonly remedy: string;
};

/** An account that Organizations does not report as active: no role in it can be assumed. */
export function inactiveAccount(account: string, accountName: string | undefined, state: string): NotScanned {
  return {
    account,
    ...(accountName === undefined ? {} : { accountName }),
    code: "account-inactive",
    because: `its state is ${state}`,
    remedy: REMEDIES[state] ?? "look at its state in AWS Organizations",
  };
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html, State (read 2026-11). */
const REMEDIES: Readonly<Partial<Record<string, string>>> = {
  PENDING_ACTIVATION: "finish its sign-up, and scan again",
  SUSPENDED: "AWS Support opens it again, if its workloads are to run",
  PENDING_CLOSURE: "nothing: it is being closed",
  CLOSED: "nothing: within 90 days AWS Support can open it again",
};

/** `account 333333333333 (bank): role-refused: …; …`. */
export function formatNotScanned(one: NotScanned): string {
  const { code, because, remedy } = one;
  return `${nameOfNotScanned(one)}: ${code}: ${because}; ${remedy}`;
}

export function nameOfNotScanned({ account, accountName, profile, kubernetes }: NotScanned): string {
  if (kubernetes !== undefined) return `cluster ${kubernetes}`;
  if (account !== undefined)
    return `account ${account}${accountName === undefined ? "" : ` (${accountName})`}`;
  return profile === undefined ? "the account" : `profile ${profile}`;
}
