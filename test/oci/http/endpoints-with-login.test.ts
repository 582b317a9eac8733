import { describe, expect, it } from "vitest";
import { endpointsWithLogin } from "../../../src/oci/http/endpoints-with-login.ts";

const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const HERE = "http://127.0.0.1:4599";

describe("an address that is used instead of a registry", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["sees ECR's login on this machine, from AWS's APIs on this machine", ECR,                    "http://127.0.0.1:1",   HERE,                  true],
    ["sees it by the name localhost",                                     ECR,                    "http://localhost:1",   "http://[::1]:4599",   true],
    ["sees no token of AWS's own",                                        ECR,                    "http://127.0.0.1:1",   undefined,             false],
    ["sees no token of AWS's APIs elsewhere",                             ECR,                    "http://127.0.0.1:1",   "https://aws.example", false],
    ["sees no token on another machine",                                  ECR,                    "http://10.0.0.7:1",    HERE,                  false],
    ["sees no token under a name that begins like this machine's",        ECR,                    "http://127.0.0.1.example:1", HERE,            false],
    ["sees no login of Docker Hub",                                       "registry-1.docker.io", "http://127.0.0.1:1",   HERE,                  false],
    ["sees no login of a host that ends like ECR's",                      `${ECR}.example.com`,   "http://127.0.0.1:1",   HERE,                  false],
  ] as const;
  for (const [what, host, url, awsEndpoint, sees] of table)
    it(what, () => {
      const found = endpointsWithLogin(new Map([[host, url]]), awsEndpoint);
      expect(found.get(host)).toEqual({ url, sendCredentials: sees });
    });
});
