import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { explain } from "../../../src/cli/commands/explain.ts";
import { readEventDocuments } from "../../../src/cli/input/event-files.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

const text = readFileSync(new URL("../../../events/fargate-service.json", import.meta.url), "utf8");
const event = JSON.parse(text);
const task = event.detail;
const text2 = readFileSync(new URL("../../../events/ec2-service.json", import.meta.url), "utf8");

const sns = (message: string) => ({
  Type: "Notification",
  MessageId: "m",
  TopicArn: "arn:aws:sns:us-east-1:1:t",
  Message: message,
});
const lambdaSqs = (body: string) => ({ Records: [{ messageId: "m", eventSource: "aws:sqs", body }] });
const lambdaSns = (message: string) => ({ Records: [{ EventSource: "aws:sns", Sns: { Message: message } }] });
const received = (...bodies: string[]) => ({
  Messages: bodies.map((Body) => ({ MessageId: "m", ReceiptHandle: "r", Body })),
});
const awslogs = (...messages: string[]) => {
  const data = {
    messageType: "DATA_MESSAGE",
    logGroup: "g",
    logEvents: messages.map((message) => ({ id: "1", timestamp: 1, message })),
  };
  return { awslogs: { data: gzipSync(JSON.stringify(data)).toString("base64") } };
};
const HUB = "docker-hub-pull-limit";
const LIMITED =
  "CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached your pull rate limit.";
const failed = (image: string) =>
  `Failed to pull image "${image}": failed to pull and unpack image "docker.io/library/${image}": toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit`;
const row = (age: string, reason: string, message: string) =>
  `  Warning  ${reason}  ${age}  kubelet  ${message}\n`;
const pod = (message: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  status: {
    containerStatuses: [
      { name: "web", image: "nginx:1", state: { waiting: { reason: "ErrImagePull", message } } },
    ],
  },
});

// biome-ignore format: a table is read by its columns
const ROWS: readonly (readonly [what: string, file: string, expected: readonly string[]])[] = [
  ["aws ecs describe-tasks answered",           JSON.stringify({ tasks: [task], failures: [] }, null, 4),    [`${HUB} f.tasks[0]`]],
  ["it shows two tasks and one is gone",        JSON.stringify({ tasks: [task, task], failures: [{ arn: "arn:aws:ecs:us-east-1:1:task/prod/0", reason: "MISSING" }] }), [`${HUB} f.tasks[0]`, `${HUB} f.tasks[1]`, "invalid f.failures[0]"]],
  ["every task is gone",                        JSON.stringify({ tasks: [], failures: [] }),                 ["invalid f"]],
  ["it is one task alone",                      JSON.stringify(task),                                        [`${HUB} f`]],
  ["it is a list of tasks",                     JSON.stringify([task, task]),                                [`${HUB} f[0]`, `${HUB} f[1]`]],
  ["moments are seconds, as in the first CLI",  JSON.stringify({ tasks: [{ ...task, stoppedAt: 1768903243.98 }] }), [`${HUB} f.tasks[0]`]],
  ["aws ecs list-tasks answered",               JSON.stringify({ taskArns: [task.taskArn] }),                ["invalid f"]],
  ["aws ecs describe-services answered",        JSON.stringify({ services: [{ serviceName: "web" }], failures: [] }), ["invalid f"]],
  ["SQS ReceiveMessage answered",               JSON.stringify(received(text, text2)),                       [`${HUB} f.Messages[0].Body`, `${HUB} f.Messages[1].Body`]],
  ["it is one message of SQS",                  JSON.stringify({ MessageId: "m", Body: text }),              [`${HUB} f.Body`]],
  ["Lambda was given messages of SQS",          JSON.stringify(lambdaSqs(text)),                             [`${HUB} f.Records[0].body`]],
  ["a pipe was given messages of SQS",          JSON.stringify(lambdaSqs(text).Records),                     [`${HUB} f[0].body`]],
  ["it is a notification of SNS",               JSON.stringify(sns(text)),                                   [`${HUB} f.Message`]],
  ["Lambda was given a notification of SNS",    JSON.stringify(lambdaSns(text)),                             [`${HUB} f.Records[0].Sns.Message`]],
  ["SNS in SQS in Lambda",                      JSON.stringify(lambdaSqs(JSON.stringify(sns(text)))),        [`${HUB} f.Records[0].body.Message`]],
  ["a failed invocation was sent on",           JSON.stringify({ requestContext: {}, requestPayload: event }), [`${HUB} f.requestPayload`]],
  ["CloudWatch Logs hands it out",              JSON.stringify(awslogs(text)),                               [`${HUB} f.awslogs.data.logEvents[0].message`]],
  ["aws logs filter-log-events answered",       JSON.stringify({ events: [{ message: text }], searchedLogStreams: [] }), [`${HUB} f.events[0].message`]],
  ["a message is not JSON",                      JSON.stringify(received("hello", text)),                     ["invalid f.Messages[0].Body", `${HUB} f.Messages[1].Body`]],
  ["a message is empty",                        JSON.stringify(received("")),                                ["invalid f.Messages[0].Body"]],
  ["logs are not compressed",                   JSON.stringify({ awslogs: { data: "aGVsbG8=" } }),           ["invalid f.awslogs.data"]],
  ["jq wrote several documents",                `${JSON.stringify(event, null, 2)}\n${JSON.stringify(JSON.parse(text2), null, 2)}\n`, [`${HUB} f:1`, expect.stringMatching(/^docker-hub-pull-limit f:[0-9]{2,}$/) as unknown as string]],
  ["documents follow each other on one line",   JSON.stringify(event) + JSON.stringify(event),               [`${HUB} f:1`, `${HUB} f:1`]],
  ["a log's time and level come before each",   [1, 2].map(() => `2026-01-20T10:00:00.000Z [INFO] ${JSON.stringify(event)}`).join("\n"), [`${HUB} f:1`, `${HUB} f:2`]],
  ["a log's level comes before lines of JSON",  `[INFO] an event:\n${JSON.stringify(event, null, 2)}\n`,     [`${HUB} f:2`]],
  ["the last of several is cut off",            `${JSON.stringify(event, null, 2)}\n{\n  "source": "aws`,    [`${HUB} f:1`, expect.stringMatching(/^invalid f:/) as unknown as string]],
  ["a queue's message is an error text",        JSON.stringify(received(LIMITED)),                           [`${HUB} f.Messages[0].Body`]],
  ["it is an error text",                       `${LIMITED}\n`,                                              [`${HUB} f`]],
  ["it is an error text with a registry's JSON", `429 Too Many Requests\nGET https://registry-1.docker.io/v2/library/nginx/manifests/1\n{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}`, [`${HUB} f`]],
  ["it is a text of no pull",                   "hello\n",                                                   ["invalid f"]],
  ["kubectl described a pod",                   `Name: web\nEvents:\n${row("2m", "Pulling", 'Pulling image "nginx:1"')}${row("2m", "Failed", failed("nginx:1"))}${row("1m", "Failed", "Error: ErrImagePull")}`, [`${HUB} f`]],
  ["kubectl got events of two images",          `LAST SEEN   TYPE      REASON   OBJECT   MESSAGE\n2m50s       Warning   Failed   pod/a    ${failed("nginx:1")}\n1m          Warning   Failed   pod/b    ${failed("redis:7")}\n`, [`${HUB} f:2`, `${HUB} f:3`]],
  ["kubectl got a pod as YAML",                 `apiVersion: v1\nkind: Pod\nstatus:\n  containerStatuses:\n  - image: nginx:1\n    state:\n      waiting:\n        message: '${failed("nginx:1")}'\n        reason: ErrImagePull\n`, [`${HUB} f`]],
  ["kubectl got a pod as JSON",                 JSON.stringify(pod(failed("nginx:1"))),                      [`${HUB} f.status.containerStatuses[0]`]],
  ["kubectl got a pod that waits for no pull",  JSON.stringify(pod("secret \"db\" is missing")),             ["invalid f"]],
  ["kubectl got pods as JSON",                  JSON.stringify({ apiVersion: "v1", kind: "List", items: [pod(failed("nginx:1")), pod(failed("redis:7"))] }), [`${HUB} f.items[0].status.containerStatuses[0]`, `${HUB} f.items[1].status.containerStatuses[0]`]],
  ["kubectl got events as JSON",                JSON.stringify({ apiVersion: "v1", kind: "EventList", items: [{ message: failed("nginx:1") }, { note: failed("redis:7") }, { message: 'Back-off pulling image "nginx:1"' }] }), [`${HUB} f.items[0]`, `${HUB} f.items[1]`]],
  ["kubectl got a deployment",                  JSON.stringify({ apiVersion: "apps/v1", kind: "Deployment", status: {} }), ["invalid f"]],
  ["messages nest without end",                 Array.from({ length: 8 }).reduce<string>((inner) => JSON.stringify({ Body: inner }), text), ["invalid f.Body.Body.Body.Body.Body.Body"]],
];

async function explained(file: string) {
  const io = commandIo({ f: file });
  await explain({ files: ["f"], json: true, policy: DEFAULT_POLICY }, io);
  return objectsIn(io.printed.out).map(({ kind, where }) => `${kind} ${where}`);
}

describe("repull explain", () => {
  for (const [what, file, expected] of ROWS) {
    it(`explains ${expected.length === 1 ? "one entry" : `${expected.length} entries`} when ${what}`, async () => {
      expect(await explained(file)).toEqual(expected);
    });
  }

  it("says the same of a task as of its event", async () => {
    const [byEvent, byTask] = await Promise.all(
      [text, JSON.stringify({ tasks: [task] })].map(async (file) => {
        const io = commandIo({ f: file });
        await explain({ files: ["f"], json: true, policy: DEFAULT_POLICY }, io);
        const [{ where: _, ...explanation } = {}] = objectsIn(io.printed.out);
        return explanation;
      }),
    );
    expect(byTask).toEqual(byEvent);
  });

  it("quotes nothing of a message that it cannot read", async () => {
    const entries = readEventDocuments(JSON.stringify(received('{"password": hunter2}')), "f");
    expect(JSON.stringify(entries)).not.toContain("hunter2");
  });

  it("reads a hundred thousand documents in time that goes with their number", () => {
    const started = process.hrtime.bigint();
    expect(readEventDocuments(`${JSON.stringify({ a: [{}] }, null, 1)}\n`.repeat(100_000), "f")).toHaveLength(
      100_000,
    );
    readEventDocuments("{".repeat(1_000_000), "f");
    readEventDocuments('{"a": "'.repeat(100_000), "f");
    expect(Number(process.hrtime.bigint() - started) / 1e9).toBeLessThan(5);
  });
});
