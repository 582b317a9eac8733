/**
 * docs/cost.md is arithmetic, and is done here: `npx vitest run test/infra/cost-page.test.ts -u` writes it anew.
 *
 * What is counted comes from `npm run bench -- cost`, a price is an input with its source, and whatever is neither is an
 * assumption and called so.
 */

import { expect, test } from "vitest";
import { isObject } from "../../src/ecs/json-fields.ts";
import { readTemplate } from "../support/aws/template.ts";

/** Counted by bench/cost.ts, 2026-11-29. How often the copy is asked about depends on how long it takes. */
const COUNTED = {
  eventsOfATask: 2,
  elsewhere: { invocations: 3, operations: 14, keptBytes: 12_977, writes: 3, logBytes: 4_666 },
  copied: { invocations: 5, copies: 1, operations: 27, keptBytes: 21_920, writes: 4, logBytes: 6_338 },
};

/** What an account decides, not we. */
const ASSUMED = {
  tasksOfADeployment: 5,
  copiesAmongRemediations: 0.1,
  messagesOfABatch: 3,
  seconds: { detect: 0.1, remediate: 0.5, mirror: 30 },
  series: 15,
};

/** US dollars, us-east-1. */
const PRICES = {
  operation: 8 / 1e6,
  request: 0.2 / 1e6,
  gigabyteSecond: 0.0000166667,
  queueRequest: 0.4 / 1e6,
  event: 1 / 1e6,
  tableWrite: 0.625 / 1e6,
  logGigabyte: 0.5,
  alarm: 0.1,
  dashboard: 3,
  series: 0.3,
};

const { resources } = readTemplate();
const memoryOf = (name: string): number => {
  const properties = resources[`${name}Function`]?.Properties;
  return Number(isObject(properties) ? properties.MemorySize : Number.NaN) / 1024;
};
const alarms = Object.values(resources).filter(({ Type }) => Type === "AWS::CloudWatch::Alarm").length;
const DAYS = 30;
/** Five long polls of twenty seconds at a time, whether anything comes or not. */
const POLLS_A_DAY = (5 * 86_400) / 20;

type Day = Readonly<Record<string, number>>;

function dayOf(tasks: number): Day {
  const { eventsOfATask, elsewhere, copied } = COUNTED;
  const messages = tasks * eventsOfATask;
  const batches = messages / ASSUMED.messagesOfABatch;
  const remediations = tasks / ASSUMED.tasksOfADeployment;
  const copies = remediations * ASSUMED.copiesAmongRemediations;
  const each = (of: (way: typeof elsewhere) => number): number =>
    (remediations - copies) * of(elsewhere) + copies * of(copied);
  const { seconds } = ASSUMED;
  return {
    messages,
    detect: batches,
    remediations,
    remediate: each(({ invocations }) => invocations),
    copies,
    operations: each(({ operations }) => operations),
    // A message is sent, and received and deleted in batches; an empty queue is asked as well.
    queueRequests: messages + 2 * batches + POLLS_A_DAY,
    writes: each(({ writes }) => writes),
    logBytes: each(({ logBytes }) => logBytes) + messages * 600,
    gigabyteSeconds:
      batches * seconds.detect * memoryOf("Detect") +
      each(({ invocations }) => invocations) * seconds.remediate * memoryOf("Remediate") +
      copies * seconds.mirror * memoryOf("Mirror"),
  };
}

function dollarsOf(day: Day): Readonly<Record<string, number>> {
  const of = (name: string): number => day[name] ?? Number.NaN;
  const requests = of("detect") + of("remediate") + of("copies");
  return {
    "durable operations": DAYS * of("operations") * PRICES.operation,
    "Lambda, requests and time":
      DAYS * (requests * PRICES.request + of("gigabyteSeconds") * PRICES.gigabyteSecond),
    "SQS, idle polling included": DAYS * of("queueRequests") * PRICES.queueRequest,
    "outcome events": DAYS * of("remediations") * PRICES.event,
    "counting under the quotas": DAYS * of("writes") * PRICES.tableWrite,
    logs: (DAYS * of("logBytes") * PRICES.logGigabyte) / 1e9,
    [`${alarms} alarms, a dashboard, ${ASSUMED.series} series of figures`]:
      alarms * PRICES.alarm + PRICES.dashboard + ASSUMED.series * PRICES.series,
  };
}

const TASKS = [10, 1000, 100_000];
const days = TASKS.map(dayOf);
const dollars = days.map(dollarsOf);
const sum = (parts: Readonly<Record<string, number>>): number =>
  Object.values(parts).reduce((total, part) => total + part, 0);
const count = (value = 0): string => Math.round(value).toLocaleString("en-US");
const money = (value = 0): string => `$${value.toFixed(2)}`;
const row = (name: string, cells: readonly string[]): string => `| ${name} | ${cells.join(" | ")} |`;

test("the page about cost says what the arithmetic says", async () => {
  const counted = (
    [
      ["events through the rule and the queue", "messages"],
      ["invocations of `detect`", "detect"],
      ["remediations", "remediations"],
      ["invocations of `remediate`", "remediate"],
      ["copies, an invocation of `mirror` each", "copies"],
      ["durable operations", "operations"],
      ["requests to SQS", "queueRequests"],
    ] as const
  ).map(([words, name]) =>
    row(
      words,
      days.map((day) => count(day[name])),
    ),
  );
  const paid = Object.keys(dollars[0] ?? {}).map((name) =>
    row(
      name,
      dollars.map((parts) => money(parts[name])),
    ),
  );
  const page = `# What it costs

One failing deployment is one remediation, however many of its tasks fail. This page is computed by
\`test/infra/cost-page.test.ts\` from three kinds of input; put yours in, and run it again.

**Counted** by \`npm run bench -- cost\`, which runs the deployed bundles on AWS's own programs in a sandbox account (2026-11-29):

| | The image is found elsewhere | It has to be copied first |
|---|---|---|
${row("invocations of `remediate`, of `mirror`", [`${COUNTED.elsewhere.invocations}, 0`, `${COUNTED.copied.invocations}, ${COUNTED.copied.copies}`])}
${row("durable operations (the start, steps, waits)", [String(COUNTED.elsewhere.operations), String(COUNTED.copied.operations)])}
${row("bytes that the executions keep", [count(COUNTED.elsewhere.keptBytes), count(COUNTED.copied.keptBytes)])}
${row("writes to the table of the quotas", [String(COUNTED.elsewhere.writes), String(COUNTED.copied.writes)])}
${row("bytes of log", [count(COUNTED.elsewhere.logBytes), count(COUNTED.copied.logBytes)])}

A failing task matches the rule ${COUNTED.eventsOfATask} times. Calls to ECS, ECR, IAM and Parameter Store cost nothing.

**Assumed**: ${ASSUMED.tasksOfADeployment} failing tasks a deployment, one copy in ${1 / ASSUMED.copiesAmongRemediations} remediations, ${ASSUMED.messagesOfABatch} messages a batch. An invocation takes ${ASSUMED.seconds.detect} s of
\`detect\`, ${ASSUMED.seconds.remediate} s of \`remediate\` and ${ASSUMED.seconds.mirror} s of \`mirror\`; these seconds have not been measured on Lambda.

The tables do not have the sweep. It makes 2,880 invocations of \`detect\` a month. Each takes a second in a small account ($0.01), and
50 seconds in one of 400 services and more ($0.60). Its schedule costs less than a cent.

**Prices** are in US dollars, for us-east-1 and without the free tier.

| Price | Of a million | Source |
|---|---|---|
| $8.00 | durable operations | AWS's Lambda pricing page, read on 2026-09-20 |
| $0.20 | Lambda requests | the same page |
| $16.67 | GB-seconds ($0.0000166667 each, for x86; the functions run on arm64, which is cheaper) | the same page |
| $0.40 | requests to SQS | not looked up again: check it |
| $1.00 | events | not looked up again: check it |
| $0.625 | writes to the table | not looked up again: check it |

Also not looked up again: $0.50 a GB of log, $0.10 an alarm, $3.00 a dashboard and $0.30 a metric series a month.

## In a day

${row(
  "",
  TASKS.map((tasks) => `${count(tasks)} failing tasks`),
)}
|---|${TASKS.map(() => "---").join("|")}|
${counted.join("\n")}

## In a month

${row(
  "",
  TASKS.map((tasks) => `${count(tasks)} failing tasks a day`),
)}
|---|${TASKS.map(() => "---").join("|")}|
${paid.join("\n")}
${row(
  "**together**",
  dollars.map((parts) => `**${money(sum(parts))}**`),
)}

Without failures an account pays for alarms, the dashboard, metrics, and polls of an empty queue. In addition:

- ECR stores the copies at about $0.10 a GB-month.
- Lambda keeps the bytes of an execution for 30 days.
- A KMS key of your own has its price.
- In a VPC, the copies go through your NAT gateway, which bills by the GB.
`;
  await expect(page).toMatchFileSnapshot("../../docs/cost.md");
});
