/** What runs images besides ECS: Lambda functions, job definitions of Batch, projects of CodeBuild. */

import { GetFunctionCommand, LambdaClient, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { getObject, getObjects, getString, isList, isObject, optional } from "../../ecs/json-fields.ts";
import type { AccountUses, ImageUse } from "../../mirrors/facts.ts";
import type { Read } from "../../network/facts.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import type { Json } from "../../runtime/json.ts";
import { callAws } from "../client/aws-error-codes.ts";
import { callJson } from "../client/calls/json-call.ts";
import { sendRawRest } from "../client/calls/raw-json.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { groupsOf, need, objectsIn, readable, textsIn, wholeList } from "./whole-list.ts";

const AT_ONCE = 4;
const HUNDRED = 100;

export type OtherUses = Pick<AccountUses["uses"], "functions" | "job-definitions" | "build-projects">;

export async function readOtherUses(settings: AwsSettings): Promise<OtherUses> {
  const [functions, jobs, projects] = await Promise.all([
    readFunctions(settings),
    readJobDefinitions(settings),
    readProjects(settings),
  ]);
  return { functions, "job-definitions": jobs, "build-projects": projects };
}

/** Every version: an alias may lead to an old one, and Lambda may pull it again after weeks. */
function readFunctions(settings: AwsSettings): Promise<Read<ImageUse>> {
  const client = new LambdaClient(clientConfiguration(settings));
  return readable("lambda:ListFunctions", async () => {
    const listed = need(
      await wholeList("lambda:ListFunctions", { list: "Functions", token: "NextMarker" }, (Marker) => {
        const command = new ListFunctionsCommand({ FunctionVersion: "ALL", ...optional("Marker", Marker) });
        return sendRawRest(command, () => client.send(command));
      }),
    );
    const uses: ImageUse[] = [];
    const images = objectsIn("lambda:ListFunctions", listed).filter(
      (one) => getString(one, "PackageType") === "Image",
    );
    await forEachConcurrently(images, AT_ONCE, async (one) => {
      const FunctionName = getString(one, "FunctionName") ?? "";
      const Qualifier = getString(one, "Version") ?? "$LATEST";
      const command = new GetFunctionCommand({ FunctionName, Qualifier });
      const found = await callAws("lambda:GetFunction", () =>
        sendRawRest(command, () => client.send(command)),
      );
      const code = getObject(found, "Code") ?? {};
      const by = getString(one, "FunctionArn") ?? FunctionName;
      for (const image of [getString(code, "ImageUri"), getString(code, "ResolvedImageUri")])
        if (image !== undefined) uses.push({ place: "functions", by, image });
      if (getString(code, "ImageUri") === undefined)
        throw new AwsError("unavailable", "lambda:GetFunction", `lambda:GetFunction: no image of ${by}`);
    });
    return uses;
  });
}

/** INACTIVE ones too: a job that waits in a queue keeps the definition with which it was submitted. */
function readJobDefinitions(settings: AwsSettings): Promise<Read<ImageUse>> {
  return readable("batch:DescribeJobDefinitions", async () =>
    objectsIn(
      "batch:DescribeJobDefinitions",
      need(
        await wholeList("batch:DescribeJobDefinitions", { list: "jobDefinitions" }, (nextToken) =>
          callJson(
            "batch",
            { operation: "DescribeJobDefinitions", path: "/v1/describejobdefinitions", method: "POST" },
            { maxResults: HUNDRED, ...optional("nextToken", nextToken) },
            settings,
          ),
        ),
      ),
    ).flatMap((definition) => {
      const by = getString(definition, "jobDefinitionArn") ?? "";
      return imagesWithin(definition).map((image) => ({ place: "job-definitions" as const, by, image }));
    }),
  );
}

function readProjects(settings: AwsSettings): Promise<Read<ImageUse>> {
  return readable("codebuild:ListProjects", async () => {
    const names = textsIn(
      "codebuild:ListProjects",
      need(
        await wholeList("codebuild:ListProjects", { list: "projects" }, (nextToken) =>
          callJson("codebuild", { operation: "ListProjects" }, optional("nextToken", nextToken), settings),
        ),
      ),
    );
    const uses: ImageUse[] = [];
    for (const group of groupsOf(names, HUNDRED)) {
      const action = "codebuild:BatchGetProjects";
      const answer = await callAws(action, () =>
        callJson("codebuild", { operation: "BatchGetProjects" }, { names: group }, settings),
      );
      const projects = getObjects(answer, "projects");
      if (projects.length < group.length)
        throw new AwsError("unavailable", action, `${action}: fewer projects than were asked for`);
      for (const project of projects)
        for (const image of imagesWithin(project))
          uses.push({ place: "build-projects", by: getString(project, "arn") ?? "", image });
    }
    return uses;
  });
}

/** The text of every member that is called `image`, however deep: job definitions have four kinds of containers. */
function imagesWithin(value: Json): readonly string[] {
  if (isList(value)) return value.flatMap(imagesWithin);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]: [string, Json | undefined]) => {
    if (name === "image" && typeof member === "string") return [member];
    return member === undefined ? [] : imagesWithin(member);
  });
}
