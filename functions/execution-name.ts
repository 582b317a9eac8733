/** `…:function:name:version/durable-execution/NAME/ID` → NAME: what `detect` called the execution, and every record does. */
export function executionNameOf(durableExecutionArn: string): string {
  return (
    /\/durable-execution\/([A-Za-z0-9_-]{1,64})\//.exec(durableExecutionArn)?.[1] ??
    durableExecutionArn.replace(/[^A-Za-z0-9_-]+/g, "-").slice(-64)
  );
}
