/**
 * As much of CloudFormation and S3 as `sam deploy --no-execute-changeset` asks: it keeps the change set, and says with which
 * values CloudFormation would run it.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html (read 2026-11)
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type CloudFormationDoor = {
  readonly url: string;
  /** What the stack would be deployed with: named values, then those that it has, then the template's defaults. */
  deployedWith(defaults: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  close(): Promise<void>;
};

const NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/";
const ARN = "arn:aws:cloudformation:us-east-1:123456789012";

/** @param existing the parameters of the stack that is there; undefined where none is */
export async function openCloudFormation(
  existing: Readonly<Record<string, string>> | undefined,
): Promise<CloudFormationDoor> {
  let asked: URLSearchParams | undefined;

  const answers: Readonly<Record<string, (form: URLSearchParams) => string | undefined>> = {
    // Absent: an error of validation.
    DescribeStacks: (form) =>
      existing &&
      `<Stacks><member><StackName>${form.get("StackName")}</StackName><StackId>${ARN}:stack/s/1</StackId>
        <CreationTime>2026-11-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>
        <Parameters>${members(existing)}</Parameters></member></Stacks>`,
    GetTemplateSummary: () => existing && `<Parameters>${members(existing)}</Parameters>`,
    CreateChangeSet: (form) => {
      asked = form;
      return `<Id>${ARN}:changeSet/c/1</Id><StackId>${ARN}:stack/s/1</StackId>`;
    },
    DescribeChangeSet: () => "<Status>CREATE_COMPLETE</Status><Changes/>",
  };

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
    const action = form.get("Action");
    if (action === null) {
      // S3: nothing is there yet, and everything is taken.
      response.writeHead(request.method === "HEAD" ? 404 : 200, { etag: '"1"' }).end();
      return;
    }
    const body = answers[action]?.(form);
    const type = { "content-type": "text/xml" };
    if (body === undefined) {
      const error = `<Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${form.get("StackName")} does not exist</Message>`;
      response.writeHead(400, type).end(`<ErrorResponse><Error>${error}</Error></ErrorResponse>`);
      return;
    }
    const result = `<${action}Result>${body}</${action}Result>`;
    response
      .writeHead(200, type)
      .end(`<${action}Response xmlns="${NAMESPACE}">${result}</${action}Response>`);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deployedWith(defaults) {
      if (asked === undefined) throw new Error("no change set was asked for");
      const values = { ...defaults };
      for (let n = 1; asked.has(`Parameters.member.${n}.ParameterKey`); n += 1) {
        const key = asked.get(`Parameters.member.${n}.ParameterKey`) ?? "";
        const isKept = asked.get(`Parameters.member.${n}.UsePreviousValue`) === "true";
        values[key] = (isKept ? existing?.[key] : asked.get(`Parameters.member.${n}.ParameterValue`)) ?? "";
      }
      return values;
    },
    close: () => new Promise((closed) => server.close(() => closed())),
  };
}

function members(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(
      ([key, value]) =>
        `<member><ParameterKey>${key}</ParameterKey><ParameterValue>${value}</ParameterValue></member>`,
    )
    .join("");
}
