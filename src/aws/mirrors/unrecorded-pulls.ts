/**
 * Whether ECR records each pull. An account may name principals whose pulls do not move the time of a copy's last pull: a copy
 * that only they pull looks unused. The function's own role is one of them by its template.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListPullTimeUpdateExclusions.html
 */

import { ECRClient, ListPullTimeUpdateExclusionsCommand } from "@aws-sdk/client-ecr";
import { optional } from "../../ecs/json-fields.ts";
import { sendRawRest } from "../client/calls/raw-json.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { isUnread, need, readable, textsIn, wholeList } from "./whole-list.ts";

/** Undefined where each pull of another principal is recorded. */
export async function whyUnrecorded(
  settings: AwsSettings,
  ownRole: string | undefined,
): Promise<string | undefined> {
  const action = "ecr:ListPullTimeUpdateExclusions";
  const client = new ECRClient(clientConfiguration(settings));
  const excluded = await readable(action, async () => {
    const listed = await wholeList(action, { list: "pullTimeUpdateExclusions" }, (nextToken) => {
      const command = new ListPullTimeUpdateExclusionsCommand(optional("nextToken", nextToken));
      return sendRawRest(command, () => client.send(command));
    });
    return textsIn(action, need(listed));
  });
  if (isUnread(excluded)) return excluded.because;
  const other = excluded.find((principal) => principal !== ownRole);
  return other === undefined ? undefined : `ECR does not record the pulls of ${other}`;
}
