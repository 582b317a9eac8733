/** The rollout of a task that no service keeps running: it is run once more. */

import { judgeTask, rerunTask } from "./rerun-task.ts";
import type { Rollout } from "./rollout.ts";

export const TASK_ROLLOUT: Rollout = {
  async start({ surveyed, newRevision, execution, network }, ports) {
    const { clusterArn, task } = surveyed;
    // The token leaves the attempt out: a second attempt for the same task must not run it a second time.
    const token = execution.replace(/-[0-9]+$/, "");
    const failed = { clusterArn, taskArn: task?.taskArn ?? "" };
    return { of: "task", run: await rerunTask(failed, newRevision, network, token, ports) };
  },
  async check({ clusterArn, taskArn = "" }, { ecs }) {
    return judgeTask(await ecs.describeTask(clusterArn, taskArn));
  },
  undo: async () => ({
    kind: "superseded",
    because: { code: "task-runs-once" },
  }),
};
