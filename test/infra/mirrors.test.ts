/** What the function that cleans up may do: everything that its code calls, and no deletion unless it is asked for. */

import { deepEqual, equal } from "node:assert/strict";
import { afterEach, describe, test } from "vitest";
import { createPruneTable } from "../../src/aws/mirrors/prune-table.ts";
import { reportTableOf } from "../../src/aws/mirrors/reports/report-table.ts";
import { createServiceTimes } from "../../src/aws/mirrors/service-times.ts";
import { isObject } from "../../src/ecs/json-fields.ts";
import { digestOf } from "../../src/image/digest.ts";
import type { Json, JsonObject } from "../../src/runtime/json.ts";
import { type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../support/aws/aws-stub.ts";
import { readTemplate } from "../support/aws/template.ts";
import { projectFiles } from "../support/project-files.ts";

const objectsIn = (value: Json | undefined) => (Array.isArray(value) ? value.filter(isObject) : []);

type Mirrors = "report" | "refresh" | "prune";

function statementsWith(Mirrors: Mirrors, role = "MirrorsRole"): readonly JsonObject[] {
  const { Policies } = (readTemplate({ Mirrors }, "mirrors.yaml").resources[role]?.Properties ??
    {}) as JsonObject;
  const [policy] = objectsIn(Policies);
  return objectsIn((policy?.PolicyDocument as JsonObject | undefined)?.Statement);
}

const actionsWith = (mirrors: Mirrors, role?: string) =>
  statementsWith(mirrors, role).flatMap(({ Action }) => Action as string | readonly string[]);

/** Each action that the readers and the table name, in the words of IAM. A cluster's role writes its reports. */
const CALLED = new Set(
  projectFiles()
    .filter(({ path }) => /^src\/aws\/mirrors\/(?!invoke|reports\/report-writer)/.test(path))
    .flatMap(
      ({ text }) =>
        text.match(/"(?:batch|codebuild|dynamodb|ec[rs]|eks|events|lambda|scheduler):\w+"/g) ?? [],
    )
    .map((quoted) => quoted.slice(1, -1)),
);

describe("the role of the function that cleans up copies", () => {
  test("may call everything that its code calls", () => {
    equal(CALLED.size > 20, true);
    deepEqual(
      [...CALLED].filter((action) => !actionsWith("prune").includes(action)),
      [],
    );
  });

  test("may delete images with Mirrors=prune alone, in repositories that Repull created, and delete nothing else", () => {
    const deletes = (mirrors: Mirrors) =>
      actionsWith(mirrors).filter(
        (action) =>
          /:(?:\w*Delete\w*|Put\w*|Create\w*|Update\w*)$/.test(action) &&
          !action.startsWith("dynamodb:") &&
          !/^(?:logs|events):/.test(action),
      );
    deepEqual([...deletes("report"), ...deletes("refresh")], []);
    deepEqual(deletes("prune"), ["ecr:BatchDeleteImage"]);
    const [statement] = statementsWith("prune").filter(({ Sid }) => Sid === "DeleteCopies");
    deepEqual(statement?.Condition, { StringLike: { "aws:ResourceTag/repull:source": "*" } });
    equal(JSON.stringify(statement?.Resource).includes("repository/repull/*"), true);
  });

  test("may write with Mirrors=report what it read of task definitions, and nothing else", () => {
    const writes = actionsWith("report").filter((action) =>
      /:(?:Put|Batch\w*(?:Write|Delete)|Delete|Update)\w*$/.test(action),
    );
    deepEqual(
      writes.filter((action) => !action.startsWith("logs:")),
      ["dynamodb:BatchWriteItem"],
    );
  });

  test("is run by a schedule with Mirrors=prune alone", () => {
    const rules = (Mirrors: string) =>
      readTemplate({ Mirrors }, "mirrors.yaml").resources.PruneRule !== undefined;
    deepEqual([rules("report"), rules("refresh"), rules("prune")], [false, false, true]);
  });

  test("reads the reports of clusters from the table that their roles know by its name, and writes none", () => {
    const { resources } = readTemplate({ MainStack: "pulls" }, "mirrors.yaml");
    equal((resources.ReportTable?.Properties as JsonObject | undefined)?.TableName, reportTableOf("pulls"));
    const reads = statementsWith("prune").filter(({ Sid }) => Sid === "ReadClusterReports");
    deepEqual(
      reads.map(({ Action }) => Action),
      ["dynamodb:Scan"],
    );
    const others = statementsWith("prune").filter(({ Sid }) => Sid !== "ReadClusterReports");
    equal(
      others.some(({ Resource }) => JSON.stringify(Resource ?? "").includes("ReportTable")),
      false,
    );
  });

  test("is registered as one whose reads are not pulls", () => {
    const types = Object.values(readTemplate({}, "mirrors.yaml").resources).map((one) => one?.Type);
    equal(types.includes("AWS::ECR::PullTimeUpdateExclusion"), true);
  });
});

describe("the role of the function that refreshes copies", () => {
  const ROLE = "RefreshRole";
  const WRITES =
    /:(?:\w*Delete\w*|Put\w*|Create\w*|Update\w*|Invoke\w*|\w*Write\w*|Initiate\w*|Upload\w*|Complete\w*)$/;

  test("is there with Mirrors=refresh and prune, as its schedule is", () => {
    const found = (["report", "refresh", "prune"] as const).map((Mirrors) => {
      const { resources } = readTemplate({ Mirrors }, "mirrors.yaml");
      return [ROLE, "RefreshFunction", "RefreshRule"].map((name) => resources[name] !== undefined);
    });
    deepEqual(found, [
      [false, false, false],
      [true, true, true],
      [true, true, true],
    ]);
  });

  test("may call what its code calls of what the clean-up's calls, but for deletions and exclusions", () => {
    deepEqual(
      [...CALLED].filter((action) => !actionsWith("refresh", ROLE).includes(action)),
      ["ecr:BatchDeleteImage", "ecr:ListPullTimeUpdateExclusions"].filter((action) => CALLED.has(action)),
    );
  });

  test("may write to its table, log and bus, and start the main stack's copies: to ECR, and to what runs, it writes nothing", () => {
    const writes = actionsWith("prune", ROLE).filter((action) => WRITES.test(action));
    deepEqual(writes.toSorted(), [
      "dynamodb:BatchWriteItem",
      "dynamodb:DeleteItem",
      "dynamodb:PutItem",
      "events:PutEvents",
      "lambda:InvokeFunction",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]);
    const [copies] = statementsWith("prune", ROLE).filter(({ Sid }) => Sid === "HaveImagesCopied");
    equal(JSON.stringify(copies?.Resource).includes("repull-mirror:live"), true);
    const [news] = statementsWith("prune", ROLE).filter(({ Sid }) => Sid === "PublishNews");
    equal(JSON.stringify(news?.Condition).includes("Mirrors Refreshed"), true);
  });

  test("reads the policy where the template names one", () => {
    const parameters = (PolicyParameter: string) => {
      const { resources } = readTemplate({ Mirrors: "refresh", PolicyParameter }, "mirrors.yaml");
      return JSON.stringify(resources[ROLE]).includes("parameter/repull/policy");
    };
    deepEqual([parameters(""), parameters("/repull/policy")], [false, true]);
  });
});

describe("the table of both functions", () => {
  type Table = ReturnType<typeof createPruneTable>;
  let stub: AwsStub | undefined;
  afterEach(() => stub?.stop());
  const known = new Map(["service", "task-definition"].map((kind) => [`arn:aws:ecs:a:1:${kind}/x`, ["a"]]));
  const record = { state: "same", since: 0, checkedAt: 0, failures: 0 } as const;
  const manyTags = new Map(Array.from({ length: 2_000 }, (_, index) => [`v${index}`, record]));

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [role: string, lock: "lock" | "refresh-lock", own: readonly string[], write: (to: Table) => Promise<void>])[] = [
    ["MirrorsRole", "lock",         ["lock", "marks", "rest"],   async (to) => { await to.writeMarks("repull/a", new Map()); await to.writeRest("repull/a", [digestOf("a")]); }],
    ["RefreshRole", "refresh-lock", ["refresh-lock", "sources"], (to) => to.writeSources("repull/a", manyTags)],
  ];
  for (const [role, lock, own, write] of table)
    test(`lets ${role} write the items that its code writes, and none that is only the other's`, async () => {
      const [statement] = statementsWith("prune", role).filter(({ Sid }) => Sid === "RememberRuns");
      const condition = (statement?.Condition ?? {}) as Readonly<Record<string, JsonObject | undefined>>;
      const patterns = (condition["ForAllValues:StringLike"]?.["dynamodb:LeadingKeys"] ?? []) as string[];
      const ids: string[] = [];
      stub = await startAwsStub(({ body }) => {
        ids.push(...(JSON.stringify(body).match(/(?<="id":\{"S":")[^"]+/g) ?? []));
        return { body: {} };
      });
      const settings = { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS };
      const to = createPruneTable({ ...settings, attemptsMax: 1 }, "prune", createServiceTimes(), lock);
      await (await to.lock("run", 1))?.();
      await write(to);
      await to.writeKnown(known);
      const mayWrite = (id: string) =>
        patterns.some((one) => (one.endsWith("*") ? id.startsWith(one.slice(0, -1)) : id === one));
      equal(ids.length > 4, true);
      deepEqual(
        ids.filter((id) => !mayWrite(id)),
        [],
      );
      deepEqual(condition.Null, { "dynamodb:LeadingKeys": "false" });
      const kinds = new Set(patterns.map((one) => one.replace(/ \*$/, "")));
      deepEqual([...kinds].toSorted(), [...own, "service", "task-definition"].toSorted());
    });
});
