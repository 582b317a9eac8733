/**
 * The project's stack as CloudFormation makes it in moto: the template, translated by SAM's own translator.
 *
 * Needs `npm run build`, because the template names the bundles.
 */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "vitest";
import { MOTO_ACCOUNT, type Moto } from "./moto.ts";

const run = promisify(execFile);
const CHECK = fileURLToPath(new URL("../../../infra/check.py", import.meta.url));
/** A zip file with nothing in it. */
const NO_CODE = Buffer.from("UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==", "base64");

type Translated = {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> }>
  >;
};

export type MotoStacks = {
  create(name: string, parameters: Readonly<Record<string, string>>): Promise<void>;
  update(name: string, parameters: Readonly<Record<string, string>>): Promise<void>;
  remove(name: string): Promise<void>;
  /** Logical id → type and physical id. */
  resourcesOf(name: string): Promise<ReadonlyMap<string, { readonly type: string; readonly id: string }>>;
};

/** Translates the template, and puts code where `sam package` would have put it. */
export async function stacksIn(moto: Moto, region: string): Promise<MotoStacks> {
  const { stdout } = await run("python3", [CHECK, "print"], { maxBuffer: 16_000_000 });
  const template = asMotoTakesIt(stdout);

  /** moto reads the service and the region from here, and checks nothing. */
  const signedFor = (service: string): Record<string, string> => ({
    authorization: `AWS4-HMAC-SHA256 Credential=test/20261120/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
  });
  const cloudFormation = async (action: string, parameters: Record<string, string>): Promise<string> => {
    const answer = await fetch(moto.url, {
      method: "POST",
      headers: {
        ...signedFor("cloudformation"),
        "content-type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams({ Action: action, Version: "2010-05-15", ...parameters }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${action}: ${text}`);
    return text;
  };

  /** moto's CloudFormation leaves a function's tags out: they are set as the template says. */
  const tagFunctions = async (stack: string): Promise<void> => {
    const { Resources } = JSON.parse(template) as Translated;
    for (const { Type, Properties } of Object.values(Resources)) {
      if (Type !== "AWS::Lambda::Function") continue;
      const text = (value: unknown) =>
        JSON.stringify(value).replaceAll('{"Ref":"AWS::StackName"}', `"${stack}"`);
      const name = JSON.parse(text(Properties.FunctionName))["Fn::Sub"].replace(
        /\$\{AWS::StackName\}/,
        stack,
      );
      const tags = (JSON.parse(text(Properties.Tags)) as { Key: string; Value: string }[]).map(
        ({ Key, Value }) => [Key, Value],
      );
      const arn = `arn:aws:lambda:${region}:${MOTO_ACCOUNT}:function:${name}`;
      const answer = await fetch(`${moto.url}/2017-03-31/tags/${encodeURIComponent(arn)}`, {
        method: "POST",
        headers: { ...signedFor("lambda"), "content-type": "application/json" },
        body: JSON.stringify({ Tags: Object.fromEntries(tags) }),
      });
      if (!answer.ok) throw new Error(`TagResource: ${await answer.text()}`);
    }
  };

  await fetch(`${moto.url}/bucket`, { method: "PUT", headers: signedFor("s3") });
  for (const name of ["Detect", "Remediate", "Mirror"])
    await fetch(`${moto.url}/bucket/${name}.zip`, {
      method: "PUT",
      headers: signedFor("s3"),
      body: NO_CODE,
    });

  return {
    async create(name, parameters) {
      await cloudFormation("CreateStack", {
        StackName: name,
        TemplateBody: template,
        ...numbered(parameters),
      });
      await tagFunctions(name);
    },
    async update(name, parameters) {
      await cloudFormation("UpdateStack", {
        StackName: name,
        TemplateBody: template,
        ...numbered(parameters),
      });
    },
    async remove(name) {
      await cloudFormation("DeleteStack", { StackName: name });
    },
    async resourcesOf(name) {
      const text = await cloudFormation("DescribeStackResources", { StackName: name });
      const tag = (member: string, wanted: string): string =>
        new RegExp(`<${wanted}>(.*?)</${wanted}>`, "s").exec(member)?.[1] ?? "";
      return new Map(
        (text.match(/<member>.*?<\/member>/gs) ?? []).map((member) => [
          tag(member, "LogicalResourceId"),
          { type: tag(member, "ResourceType"), id: tag(member, "PhysicalResourceId") },
        ]),
      );
    },
  };
}

/**
 * moto does not answer a Ref to an alias: the mapping names the function itself here, and its alias in the account. Nor
 * does it know an alarm's ARN, by which the dashboard shows it.
 */
function asMotoTakesIt(translated: string): string {
  const alias = '"FunctionName":{"Ref":"DetectFunctionAliaslive"}';
  const template = JSON.parse(translated) as { Resources: Record<string, { readonly Type: string }> };
  const text = JSON.stringify(template).replace(/\$\{(\w+)\.Arn\}/g, (arn, name: string) =>
    template.Resources[name]?.Type === "AWS::CloudWatch::Alarm" ? `\${${name}}` : arn,
  );
  expect(text.split(alias)).toHaveLength(2);
  return text.replace(alias, '"FunctionName":{"Ref":"DetectFunction"}');
}

function numbered(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value], index) => [
      [`Parameters.member.${index + 1}.ParameterKey`, name],
      [`Parameters.member.${index + 1}.ParameterValue`, value],
    ]),
  );
}
