/** Roles of the sandbox's account, as far as a world file has them. */

import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { Roles } from "../../remediation/ports/ports.ts";
import type { WorldFile } from "../world/world-file.ts";
import type { AwsFault } from "./faults/aws-fault.ts";

/** Whether a role has lost a right; what no world file takes away, it has. */
export function isDeniedTo(file: WorldFile, roleArn: string, action: string): boolean {
  const name = roleArn.slice(roleArn.lastIndexOf("/") + 1);
  return file.roles?.[name]?.denied.includes(action) === true;
}

export function createIamSimulator(file: WorldFile, faults: AwsFault): Roles {
  return {
    async simulate(roleArn, actions) {
      const because = refusedBy(faults, "iam:SimulatePrincipalPolicy");
      if (because !== undefined) return { kind: "unknown", because };
      const action = actions.find((one) => isDeniedTo(file, roleArn, one));
      return action === undefined ? { kind: "allowed" } : { kind: "refused", action };
    },

    // A machine's profile is called like its role.
    async ofInstanceProfile(profile) {
      const because = refusedBy(faults, "iam:GetInstanceProfile");
      if (because !== undefined) return { kind: "unknown", because };
      return { kind: "known", role: profile.replace(":instance-profile/", ":role/") };
    },

    async keyOfSecret(secret) {
      const because = refusedBy(faults, "secretsmanager:DescribeSecret");
      if (because !== undefined) return { kind: "unknown", because };
      return { kind: "known", key: file.secrets?.[secret]?.kmsKey };
    },
  };
}

export function refusedBy(faults: AwsFault, action: string): string | undefined {
  try {
    faults(action);
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return error.message;
    throw error;
  }
}
