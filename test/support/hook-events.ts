/**
 * What CloudFormation sends to a Lambda hook, in the shapes of its guide:
 * https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/lambda-hooks-create-lambda-function.html (read 2026-11)
 */

import type { JsonObject } from "../../src/runtime/json.ts";

export const TOKEN = "d0a1b2c3-0000-4000-8000-000000000001";

const around = (point: string, requestData: JsonObject): JsonObject => ({
  awsAccountId: "123456789012",
  stackId: "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/2f3a",
  changeSetId: null,
  hookTypeName: "Repull::DockerHub::TaskDefinitions",
  hookTypeVersion: "00000001",
  hookModel: { LambdaFunction: "arn:aws:lambda:us-east-1:123456789012:function:repull-hook:live" },
  actionInvocationPoint: point,
  requestData,
  requestContext: { invocation: 1, callbackContext: null },
  clientRequestToken: TOKEN,
});

/** A task definition of Fargate, with one container for each image. */
export function taskDefinition(images: readonly unknown[], more: JsonObject = {}): JsonObject {
  return {
    Family: "shop",
    RequiresCompatibilities: ["FARGATE"],
    ContainerDefinitions: images.map((Image, index) => ({ Name: `c${index + 1}`, Image: Image as string })),
    ...more,
  };
}

/** RESOURCE; Cloud Control asks the same without a stack. */
export function resourceEvent(
  resourceProperties: JsonObject,
  { point = "CREATE_PRE_PROVISION", targetName = "AWS::ECS::TaskDefinition" } = {},
): JsonObject {
  return around(point, {
    targetName,
    targetType: targetName,
    targetLogicalId: "Web",
    targetModel: { resourceProperties, previousResourceProperties: null },
  });
}

/** STACK and CHANGE_SET: where the template is. */
export function storedEvent(payload: string, targetName: "STACK" | "CHANGE_SET" = "STACK"): JsonObject {
  return around("CREATE_PRE_PROVISION", {
    targetName,
    targetType: targetName,
    targetLogicalId: "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/2f3a",
    payload,
  });
}
