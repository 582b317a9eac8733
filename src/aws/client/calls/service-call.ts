/**
 * A call of a service whose own SDK client is not worth its size: an ECS client signs it for that service, sends and retries
 * it, and names its errors.
 */

import { DescribeClustersCommand, ECSClient, type ECSClientConfig } from "@aws-sdk/client-ecs";
import { awsDomainOf } from "../../../image/ecr-hosts.ts";
import { type AwsSettings, clientConfiguration } from "../client-config.ts";

export type HttpRequest = {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body?: unknown;
};

/** A client that signs for the service, and a command that becomes the call. @param name as signatures and hosts have it */
export function serviceCall(name: string, settings: AwsSettings, prepare: (request: HttpRequest) => void) {
  const { region } = settings;
  const configuration: ECSClientConfig = {
    ...clientConfiguration(settings),
    endpoint: settings.endpoint ?? `https://${name}.${region}.${awsDomainOf(region)}`,
    httpAuthSchemeProvider: () => [
      {
        schemeId: "aws.auth#sigv4",
        signingProperties: { signingName: name, signingRegion: region },
        // What the signer needs in addition: the client's credentials and clock.
        propertiesExtractor: (config, context) => ({ signingProperties: { config, context } }),
      },
    ],
  };
  const command = new DescribeClustersCommand({});
  command.middlewareStack.add(
    (next) => (args) => {
      prepare(args.request as HttpRequest);
      return next(args);
    },
    { name: "repullOtherService", step: "build", priority: "high" },
  );
  return { client: new ECSClient(configuration), command };
}
