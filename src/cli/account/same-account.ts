/**
 * Whose an ARN is: what a command was asked to work on has to be of the account and region that it is signed in to.
 *
 * ECS looks a cluster's name up in the caller's own account, so that a foreign ARN reduced to its names would mean the
 * local service that happens to be called the same.
 */

import { parseArn } from "../../ecs/arn.ts";
import { isObject } from "../../ecs/json-fields.ts";
import type { Json } from "../../runtime/json.ts";
import { RefusedCommand } from "../refused-command.ts";

/** `account` is undefined where STS did not report it. */
export type SignedIn = { readonly account: string | undefined; readonly region: string };

/** Throws Refused for what is of another account or region; a text that is not an ARN is of none. */
export function refuseForeign(text: string, { account, region }: SignedIn): void {
  const arn = parseArn(text);
  if (arn === undefined) return;
  refuse(text, arn, { account, region });
}

/** The same for an EventBridge document of ECS; answers its account. */
export function refuseForeignEvent(document: Json, signedIn: SignedIn): string | undefined {
  const { account, region, resources, detail } = isObject(document) ? document : {};
  const { clusterArn, taskArn, taskDefinitionArn } = isObject(detail) ? detail : {};
  const texts = [
    ...(Array.isArray(resources) ? resources : []),
    clusterArn,
    taskArn,
    taskDefinitionArn,
  ].filter((text) => typeof text === "string");
  const arns = texts.flatMap((text) => parseArn(text) ?? []);
  const own = typeof account === "string" ? account : arns[0]?.account;
  // Where the caller's account is not known, the event's own parts at least have to agree.
  const expected = { account: signedIn.account ?? own, region: signedIn.region };
  for (const text of texts) refuseForeign(text, expected);
  refuse("the event", { account: account ?? "", region: region ?? "" }, expected);
  return expected.account;
}

function refuse(
  what: string,
  found: { readonly account: unknown; readonly region: unknown },
  { account, region }: SignedIn,
): void {
  if (account !== undefined && found.account !== "" && found.account !== account)
    throw new RefusedCommand(
      "other-account",
      `${what} is of account ${found.account}, and these credentials are of ${account}: nothing was written`,
    );
  if (found.region !== "" && found.region !== region)
    throw new RefusedCommand(
      "other-region",
      `${what} is of region ${found.region}, and this command works in ${region}: nothing was written`,
    );
}
