/** A bundle in a thread of this process, with an environment of its own, where Lambda's programs are not installed. */

import { parentPort, workerData } from "node:worker_threads";

export type WorkerSettings = {
  /** The address of the bundle's index.mjs. */
  readonly bundle: string;
  readonly functionArn: string;
  readonly timeoutSeconds: number;
};
export type WorkerCall = { readonly id: number; readonly payload: string };
export type WorkerAnswer = { readonly id: number; readonly body: string };

type Handler = (event: unknown, context: object) => Promise<unknown>;

const { bundle, functionArn, timeoutSeconds } = workerData as WorkerSettings;
const { handler } = (await import(bundle)) as { handler: Handler };

parentPort?.on("message", async ({ id, payload }: WorkerCall) => {
  const until = performance.now() + timeoutSeconds * 1000;
  const context = {
    awsRequestId: `request-${id}`,
    functionName: functionArn.split(":")[6],
    functionVersion: "$LATEST",
    invokedFunctionArn: functionArn,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => until - performance.now(),
  };
  const body = await handler(JSON.parse(payload), context).then(
    (answer) => JSON.stringify(answer ?? null),
    // As the runtime interface client says it.
    (error: Error) => JSON.stringify({ errorType: error.name, errorMessage: error.message }),
  );
  parentPort?.postMessage({ id, body } satisfies WorkerAnswer);
});
parentPort?.postMessage({ id: 0, body: "" } satisfies WorkerAnswer);
