/**
 * Where Lambda itself listens next to the function: the runtime interface, and the extension that hands out parameters and
 * secrets. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, and
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html (read 2026-11).
 */
export function lambdaPorts(): readonly number[] {
  const stated = Number(process.env.AWS_LAMBDA_RUNTIME_API?.split(":").at(-1));
  return [9001, 2773, ...(Number.isInteger(stated) ? [stated] : [])];
}
