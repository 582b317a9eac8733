/** The front door's log: one line for each call to AWS, in the order of the answers. */

import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import type { DoorAnswer, DoorCall } from "../../test/support/emulated/front-door.ts";

export type DoorLine = {
  /** Milliseconds of the modelled time since its beginning. */
  readonly at: number;
  readonly service: string;
  readonly operation: string;
  readonly status: number;
  /** The error's code, where it was refused. */
  readonly error?: string;
  /** The service of ECS that the call was about, by its name. */
  readonly subject?: string;
  /** The durable execution whose checkpoint it is. */
  readonly execution?: string;
  /** Ids of the operations that a checkpoint brought. */
  readonly operations?: readonly string[];
  readonly requestBytes: number;
  readonly answerBytes: number;
};

export type DoorLog = {
  readonly onAnswer: (call: DoorCall, answer: DoorAnswer) => void;
  /** Settles when all is written. */
  close(): Promise<void>;
};

/** Names of the storm's services: unlike any other text of a call. */
const SUBJECT = /storm-\d{3}/;

export function openDoorLog(path: string, now: () => number): DoorLog {
  const file = createWriteStream(path);
  const began = now();
  return {
    onAnswer({ service, operation, body, execution }, { status, headers, body: answer }) {
      const subject = (SUBJECT.exec(operation) ?? SUBJECT.exec(body) ?? SUBJECT.exec(answer))?.[0];
      const operations = /\/checkpoint$/.test(operation) ? operationsIn(body) : undefined;
      const error = status >= 400 ? (headers?.["x-amzn-errortype"] ?? "unknown") : undefined;
      const line = {
        at: Math.round(now() - began),
        service,
        operation,
        status,
        error,
        subject,
        execution: execution?.name,
        operations,
        requestBytes: Buffer.byteLength(body),
        answerBytes: Buffer.byteLength(answer),
      };
      file.write(`${JSON.stringify(line)}\n`);
    },
    async close() {
      file.end();
      await finished(file);
    },
  };
}

function operationsIn(body: string): readonly string[] {
  const { Updates = [] } = JSON.parse(body) as { readonly Updates?: readonly { readonly Id: string }[] };
  return Updates.map(({ Id }) => Id);
}
