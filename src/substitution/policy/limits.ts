/** The bounds of what a policy document may say that others keep as well. */

/** How long one question may stay open; and all questions of one remediation together. */
export const APPROVAL_HOURS_MAX = 72;

/** Each claim on a window is a name in one item of a table, of 400 kB at most: docs/decisions/quotas.md. */
export const CLAIMS_MAX = 2000;
