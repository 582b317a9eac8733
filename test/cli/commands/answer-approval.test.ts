/** `repull approve` and `repull deny`, in a world in which a plan waits for approval. */

import { beforeEach, describe, expect, test } from "vitest";
import { type ApprovalSession, answerApproval } from "../../../src/cli/commands/answer-approval.ts";
import { detect } from "../../../src/remediation/detect/detect.ts";
import { type KillSwitch, NO_KILL_SWITCH } from "../../../src/remediation/gates/kill-switch.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import { serveWorkflows } from "../../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";
import { readPolicy } from "../../support/policy.ts";
import { sandboxApprovals } from "../../support/sandbox-approvals.ts";
import { firstFailure, stateOf } from "../../support/scenario.ts";

const ADA = "arn:aws:iam::123456789012:user/ada";
const file = {
  services: [{ cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 2 }],
  registries: {
    "docker.io": { images: { "library/nginx:1.25": {} }, quota: { remaining: 0 } },
    "public.ecr.aws": { images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } } },
  },
};

let world: World;
let execution: string;
let account: ApprovalSession;

beforeEach(async () => {
  world = await createWorld(readWorldFile(file));
  const event = await firstFailure(world);
  serveWorkflows(world, { policy: { ...DEFAULT_POLICY, mode: "approve" } });
  world.clock.schedule(world.clock.now(), () => detect(event, world.ports));
  await world.runUntil(() => world.bus.outcomes.length > 0, 600);
  execution = world.executions.records[0]?.name ?? "";
  account = { where: "the sandbox", caller: ADA, store: sandboxApprovals(world.executions) };
});

const run = async (word: "approve" | "deny", executions: readonly string[], more: object = {}) => {
  const io = commandIo();
  const status = await answerApproval({ word, executions, json: false, ...more }, account, io);
  return { status, ...io.printed };
};
const outcome = async () => {
  await world.runUntil(() => !world.executions.running(), 24 * 3600);
  return world.bus.outcomes.at(-1);
};

describe("without a name", () => {
  test("lists what waits, with the plan, and decides nothing", async () => {
    const { status, out } = await run("approve", []);
    expect(status).toBe(0);
    expect(out).toContain(`${execution}: prod/web`);
    expect(out).toMatch(/ {2}1\. register a revision of web:42 in which web runs public\.ecr\.aws\//);
    expect(out).toContain(
      "  2. redeploy the service prod/web with it; if its tasks fail, deploy web:42 again",
    );
    expect(out).toMatch(/open until 2026-01-20 22:\d\d UTC/);
    expect(out).toContain("next: repull approve NAME");
    expect(world.executions.running()).toBe(true);
  });

  test("a list of approvals as JSON has the callback's id", async () => {
    const { out } = await run("approve", [], { json: true });
    expect(objectsIn(out)).toMatchObject([
      { execution, outcome: "awaiting-approval", callbackId: `${execution}/1`, workload: { name: "web" } },
    ]);
  });

  test("says so where nothing waits", async () => {
    await run("deny", [execution]);
    await outcome();
    expect((await run("approve", [])).out).toBe("nothing waits for an approval\n");
  });
});

describe("with a name", () => {
  test("approve shows the plan, and it is carried out in the caller's name", async () => {
    const { status, out } = await run("approve", [execution]);
    expect(status).toBe(0);
    expect(out).toContain("1. register a revision of web:42");
    expect(out).toContain(`approved as ${ADA}\nnext: `);
    expect(await outcome()).toMatchObject({ outcome: "succeeded", decision: { kind: "approved", by: ADA } });
    expect((await stateOf(world, "prod", "web")).running).toBe(2);
  });

  test("deny says who and why in the record", async () => {
    const { status } = await run("deny", [execution], { because: "payment freeze" });
    expect(status).toBe(0);
    expect(await outcome()).toMatchObject({
      outcome: "denied",
      because: `${ADA} denied the plan: payment freeze`,
      decision: { kind: "denied", by: ADA, because: "payment freeze" },
    });
  });

  test("several names are several words; one that is none spoils the status, not the others", async () => {
    const { status, err, out } = await run("approve", ["r-0", execution]);
    expect(status).toBe(1);
    expect(err).toContain("there is no execution r-0 here; repull approve without a name lists what waits");
    expect(out).toContain(`approved as ${ADA}`);
  });
});

describe("an answer that comes to nothing says why", () => {
  for (const name of ["web", "prod/web"])
    test(`the name of a service, ${name}: its plan's execution is named, and nothing is answered`, async () => {
      const { status, err } = await run("approve", [name]);
      expect(status).toBe(1);
      expect(err).toContain(`its plan waits as ${execution} (prod/web)`);
      expect(world.executions.running()).toBe(true);
      expect((await run("approve", [execution])).status).toBe(0);
    });

  test("an execution that was decided before", async () => {
    await run("deny", [execution], { because: "payment freeze" });
    const { status, err } = await run("approve", [execution]);
    expect(status).toBe(1);
    expect(err).toContain(`${execution} was denied before, by ${ADA}: payment freeze`);
  });

  test("an execution whose time is over", async () => {
    await outcome();
    const { status, err } = await run("approve", [execution]);
    expect(status).toBe(1);
    expect(err).toContain(
      `no answer to ${execution} came in time; the next failing task of the service asks again`,
    );
  });

  test("another answer came in between", async () => {
    const { store } = account;
    account = {
      ...account,
      store: {
        ...store,
        answer: async (id, text) => {
          await store.answer(id, JSON.stringify({ decision: "deny", by: "Grace" }));
          return await store.answer(id, text);
        },
      },
    };
    const { status, err } = await run("approve", [execution]);
    expect(status).toBe(1);
    expect(err).toContain(`${execution} was denied before, by Grace`);
    expect(await outcome()).toMatchObject({ outcome: "denied", decision: { by: "Grace" } });
  });

  test("the caller has no right: the error names the action", async () => {
    const action = "lambda:SendDurableExecutionCallbackSuccess";
    const refused = new AwsError("denied", action, `${action}: ada is not authorized`);
    account = { ...account, store: { ...account.store, answer: () => Promise.reject(refused) } };
    await expect(run("approve", [execution])).rejects.toThrow(action);
    expect(world.executions.running()).toBe(true);
  });

  test("an execution that has asked for no approval", async () => {
    const history = { execution, status: "running" as const, operations: [] };
    account = { ...account, store: { ...account.store, history: async () => history } };
    expect((await run("approve", [execution])).err).toContain(
      `${execution} is running, and has asked for no approval`,
    );
  });
});

describe("approve, by the stack's rules", () => {
  const rulesOf =
    (policy: object, killSwitch: KillSwitch = NO_KILL_SWITCH) =>
    async () => ({
      policy: readPolicy(policy),
      from: "the test's policy",
      killSwitch,
    });
  // biome-ignore format: a table is read by its columns
  const table = [
    ["the kill switch is pulled", rulesOf({}, { activeReason: async () => "by Ada" }), "writes-stopped"],
    ["the mode is observe",       rulesOf({ mode: "observe" }),                  "observe-mode"],
  ] as const;
  for (const [when, rules, code] of table) {
    test(`answers nothing when ${when}, and a denial is taken all the same`, async () => {
      const input = { executions: [execution], json: true };
      const at = { ...account, rules };
      await expect(answerApproval({ ...input, word: "approve" }, at, commandIo())).rejects.toMatchObject({
        name: "Refused",
        code,
      });
      await world.run(600);
      expect((await stateOf(world, "prod", "web")).service.taskDefinition).toMatch(/web:42$/);
      expect(await answerApproval({ ...input, word: "deny" }, at, commandIo())).toBe(0);
    });
  }
});
