/** Prints a scan in the form that was asked for, and writes its report. */

import { rolesOf } from "../../scan/exposure.ts";
import type { Scan } from "../../scan/scan.ts";
import type { CommandIo } from "../io.ts";
import { jsonLine } from "../output/json-line.ts";
import { imageChangesAsCsv } from "./format-image-changes.ts";
import { formatScan, headlineOf, scanAsJson } from "./format-scan.ts";

export type PrintedAs = {
  readonly html?: string;
  readonly csv: boolean;
  readonly roles: boolean;
  readonly json: boolean;
  /** Of a cluster that is scanned with accounts: what leads a command there. */
  readonly clusterFlags?: string;
};

/** The list of workloads says itself what could not be read; every other answer prints it. */
export function printScan(scanned: Scan, input: PrintedAs, flags: string, io: CommandIo): void {
  const { roles, csv, html, json } = input;
  const isList = !roles && !csv && !json && html === undefined;
  if (!isList) for (const gap of scanned.gaps) io.err(`not read: ${gap}\n`);
  if (isList) io.out(formatScan(scanned, flags, input.clusterFlags));
  else if (roles) printRoles(rolesOf(scanned.exposures), json, io);
  else if (csv) io.out(imageChangesAsCsv(scanned));
  else if (json) io.out(scanAsJson(scanned));
  else io.out(`${headlineOf(scanned).sentence}\n${html} has the rest\n`);
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html (read 2026-11) */
const PARAMETER_CHARACTERS_MAX = 4096;

function printRoles(roles: readonly string[], json: boolean, io: CommandIo): void {
  if (roles.length === 0)
    io.err(
      "no workload here that depends on Docker Hub has a role: PassableRoleArns needs those of the tasks to come\n",
    );
  const value = roles.join(",");
  if (value.length > PARAMETER_CHARACTERS_MAX)
    io.err(
      `these roles have ${value.length.toLocaleString("en-US")} characters, and CloudFormation takes ${PARAMETER_CHARACTERS_MAX.toLocaleString("en-US")} of a parameter: ` +
        "name a path or a beginning that they share, such as arn:aws:iam::123456789012:role/ecs/*, " +
        "or for the account of each stack, such as arn:aws:iam::*:role/ecs/*\n",
    );
  io.out(json ? jsonLine("roles", { roles }) : `${value}\n`);
}
