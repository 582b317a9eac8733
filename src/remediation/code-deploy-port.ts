/** CodeDeploy, as far as it deploys services of ECS: its deployments, and one of ours among them. */

export type CodeDeployGroup = { readonly application: string; readonly group: string };

export type CodeDeployment = CodeDeployGroup & {
  /** `d-ABCDEF123`. */
  readonly id: string;
  readonly status:
    | "Created"
    | "Queued"
    | "InProgress"
    | "Baking"
    | "Ready"
    | "Succeeded"
    | "Failed"
    | "Stopped";
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Its AppSpec; undefined where that lies in a bucket. */
  readonly appSpec?: string;
  /** How its traffic moves: the name of a deployment configuration. */
  readonly configuration?: string;
  /** CodeDeploy itself began it, to go back. */
  readonly isRollback: boolean;
  /** Why it failed or was stopped. */
  readonly because?: string;
};

export interface CodeDeploy {
  deployment(id: string): Promise<CodeDeployment | undefined>;
  /** A group's deployments: those under way, whatever their age, and those since a moment; the newest first. */
  deployments(group: CodeDeployGroup, sinceMs: number): Promise<readonly CodeDeployment[]>;
  /** Begins a deployment, and answers its id. A group that is busy refuses it: AwsError `conflict`. */
  create(
    request: CodeDeployGroup & {
      readonly appSpec: string;
      readonly configuration?: string;
      readonly description: string;
    },
  ): Promise<string>;
  /** Has CodeDeploy end a deployment, and bring the traffic back to where it was. */
  stop(id: string): Promise<void>;
}

const UNDER_WAY: readonly CodeDeployment["status"][] = ["Created", "Queued", "InProgress", "Baking", "Ready"];

export function isUnderWay({ status }: CodeDeployment): boolean {
  return UNDER_WAY.includes(status);
}
