/**
 * CodeDeploy, as remediation asks for it.
 *
 * CreateDeployment has no token: a call whose answer was lost may have begun one. Whoever calls looks first, and
 * CodeDeploy itself lets one deployment run at a time in a group.
 */

import { createHash } from "node:crypto";
import {
  BatchGetDeploymentsCommand,
  CodeDeployClient,
  CreateDeploymentCommand,
  type DeploymentInfo,
  GetDeploymentCommand,
  ListDeploymentsCommand,
  type ListDeploymentsCommandInput,
  StopDeploymentCommand,
} from "@aws-sdk/client-codedeploy";
import type { CodeDeploy, CodeDeployGroup, CodeDeployment } from "../remediation/code-deploy-port.ts";
import { present } from "../workload/members.ts";
import { type AwsSettings, clientConfiguration } from "./client-settings.ts";
import { attempt, isCode } from "./failure.ts";

/** BatchGetDeployments takes no more at once; a day has fewer in any sane group. */
const BATCH_MAX = 25;
const UNDER_WAY = ["Created", "Queued", "InProgress", "Baking", "Ready"] as const;

export function createCodeDeploy(settings: AwsSettings): CodeDeploy {
  const client = new CodeDeployClient(clientConfiguration(settings));

  const list = async (
    { application, group }: CodeDeployGroup,
    filter: Pick<ListDeploymentsCommandInput, "includeOnlyStatuses" | "createTimeRange">,
  ): Promise<readonly string[]> => {
    const { deployments = [] } = await attempt("codedeploy:ListDeployments", () =>
      client.send(
        new ListDeploymentsCommand({ applicationName: application, deploymentGroupName: group, ...filter }),
      ),
    );
    return deployments;
  };

  return {
    async deployment(id) {
      return await attempt("codedeploy:GetDeployment", async () => {
        try {
          const { deploymentInfo } = await client.send(new GetDeploymentCommand({ deploymentId: id }));
          return deploymentInfo === undefined ? undefined : read(deploymentInfo);
        } catch (error) {
          if (isCode(error, "DeploymentDoesNotExistException", "InvalidDeploymentIdException"))
            return undefined;
          throw error;
        }
      });
    },

    async deployments(group, sinceMs) {
      const underWay = await list(group, { includeOnlyStatuses: [...UNDER_WAY] });
      const since = await list(group, { createTimeRange: { start: new Date(sinceMs) } });
      const ids = [...new Set([...underWay, ...since])].slice(0, BATCH_MAX);
      if (ids.length === 0) return [];
      const { deploymentsInfo = [] } = await attempt("codedeploy:BatchGetDeployments", () =>
        client.send(new BatchGetDeploymentsCommand({ deploymentIds: ids })),
      );
      return deploymentsInfo.map(read).toSorted((one, other) => other.createdAt - one.createdAt);
    },

    async create({ application, group, appSpec, configuration, description }) {
      const action = "codedeploy:CreateDeployment";
      const { deploymentId } = await attempt(action, () =>
        client.send(
          new CreateDeploymentCommand({
            applicationName: application,
            deploymentGroupName: group,
            revision: {
              revisionType: "AppSpecContent",
              appSpecContent: {
                content: appSpec,
                sha256: createHash("sha256").update(appSpec).digest("hex"),
              },
            },
            description,
            ...present("deploymentConfigName", configuration),
          }),
        ),
      );
      return deploymentId ?? "";
    },

    async stop(deploymentId) {
      await attempt("codedeploy:StopDeployment", async () => {
        try {
          await client.send(new StopDeploymentCommand({ deploymentId, autoRollbackEnabled: true }));
        } catch (error) {
          // It has ended meanwhile, which is what was asked for.
          if (!isCode(error, "DeploymentAlreadyCompletedException")) throw error;
        }
      });
    },
  };
}

function read(info: DeploymentInfo): CodeDeployment {
  const { errorInformation, revision, rollbackInfo } = info;
  const why = [errorInformation?.code, errorInformation?.message].filter((text) => text !== undefined);
  return {
    id: info.deploymentId ?? "",
    application: info.applicationName ?? "",
    group: info.deploymentGroupName ?? "",
    status: info.status ?? "Created",
    createdAt: info.createTime?.getTime() ?? 0,
    ...present("appSpec", revision?.appSpecContent?.content ?? revision?.string?.content),
    ...present("configuration", info.deploymentConfigName),
    isRollback:
      info.creator === "codeDeployRollback" || rollbackInfo?.rollbackTriggeringDeploymentId !== undefined,
    ...present("because", why.length === 0 ? undefined : why.join(": ")),
  };
}
