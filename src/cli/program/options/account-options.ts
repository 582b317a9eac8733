/** The options of a command that talks to AWS: where, with which credentials, and for how long. */

import { type Command, Option } from "commander";
import { WrongCall } from "../../wrong-call.ts";

export type AccountFlags = {
  readonly region?: string;
  readonly profile?: string;
  readonly timeout?: string;
};

const AWS_GROUP = "AWS:";

/** Adds `--region` and `--profile`. */
export function addAccountOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--region <region>", "the region; absent: AWS_REGION, or that of the profile").helpGroup(
        AWS_GROUP,
      ),
    )
    .addOption(
      new Option(
        "--profile <name>",
        "the profile of ~/.aws/config; absent: AWS_PROFILE, or default",
      ).helpGroup(AWS_GROUP),
    );
}

const bounded = new WeakSet<Command>();

/** The same, and `--timeout`: for commands that have no bound of their own. */
export function addBoundedAccountOptions(command: Command): Command {
  bounded.add(command);
  return addAccountOptions(command).addOption(
    new Option(
      "--timeout <seconds>",
      "give up after so many seconds, with status 5; absent: no limit",
    ).helpGroup(AWS_GROUP),
  );
}

/** Whether its `--timeout` is the one that is described here. */
export function isBounded(command: Command): boolean {
  return bounded.has(command);
}

const listing = new WeakSet<Command>();

/** For a command whose `--profile` may name several with commas between them. */
export function allowSeveralProfiles(command: Command): Command {
  listing.add(command);
  return command;
}

/** Then the environment keeps its own: the login of a cluster (`aws eks get-token`) finds no profile by such a name. */
export function namesSeveral(command: Command, profile: string): boolean {
  return listing.has(command) && profile.includes(",");
}

const SECONDS_MAX = 86_400;

/** Throws WrongCall. */
export function secondsIn(text: string): number {
  const seconds = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > SECONDS_MAX)
    throw new WrongCall(`--timeout: expected seconds from 1 to ${SECONDS_MAX}, got ${text}`);
  return seconds;
}
