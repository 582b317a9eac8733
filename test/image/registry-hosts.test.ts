import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { ecrHost, isS3Host, partitionOf } from "../../src/image/ecr-hosts.ts";
import { canonicalName, dockerHubName, parseReference } from "../../src/image/reference.ts";
import { isDockerHubFront, registryOf } from "../../src/image/registry-hosts.ts";

const A = "123456789012";

describe("Amazon ECR, in every form that AWS gives it", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    [`${A}.dkr.ecr.us-east-1.amazonaws.com`,          "us-east-1",       "aws",        "classic"],
    [`${A}.dkr.ecr.ap-southeast-3.amazonaws.com`,     "ap-southeast-3",  "aws",        "classic"],
    [`${A}.dkr.ecr-fips.us-west-2.amazonaws.com`,     "us-west-2",       "aws",        "classic fips"],
    [`${A}.dkr-ecr.eu-west-1.on.aws`,                 "eu-west-1",       "aws",        "dual-stack"],
    [`${A}.dkr-ecr-fips.us-east-2.on.aws`,            "us-east-2",       "aws",        "dual-stack fips"],
    [`${A}.dkr.ecr.us-gov-west-1.amazonaws.com`,      "us-gov-west-1",   "aws-us-gov", "classic"],
    [`${A}.dkr.ecr-fips.us-gov-east-1.amazonaws.com`, "us-gov-east-1",   "aws-us-gov", "classic fips"],
    [`${A}.dkr-ecr-fips.us-gov-east-1.on.aws`,        "us-gov-east-1",   "aws-us-gov", "dual-stack fips"],
    [`${A}.dkr.ecr.cn-north-1.amazonaws.com.cn`,      "cn-north-1",      "aws-cn",     "classic"],
    [`${A}.dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn`, "cn-northwest-1",  "aws-cn",     "dual-stack"],
    [`${A}.dkr.ecr.eusc-de-east-1.amazonaws.eu`,      "eusc-de-east-1",  "aws-eusc",   "classic"],
    [`${A}.dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu`, "eusc-de-east-1",  "aws-eusc",   "dual-stack"],
    [`${A}.dkr.ecr.us-iso-east-1.c2s.ic.gov`,         "us-iso-east-1",   "aws-iso",    "classic"],
    [`${A}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov`,     "us-isob-east-1",  "aws-iso-b",  "classic"],
    [`${A}.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk`,    "eu-isoe-west-1",  "aws-iso-e",  "classic"],
    [`${A}.dkr.ecr.us-isof-south-1.csp.hci.ic.gov`,   "us-isof-south-1", "aws-iso-f",  "classic"],
  ] as const;

  for (const [host, region, partition, form] of table) {
    test(`${host} is ${form} in ${partition}`, () => {
      deepEqual(registryOf(host), {
        kind: "ecr",
        account: A,
        region,
        partition,
        fips: form.includes("fips"),
        dualStack: form.includes("dual-stack"),
      });
      equal(parseReference(`${host}/a/b:c`).host, host);
    });
  }

  for (const [host, region, partition, form] of table) {
    if (form !== "classic") continue;
    test(`the registry of ${region} (${partition}) is ${host}`, () => {
      equal(ecrHost(A, region), host);
      equal(partitionOf(region), partition);
    });
  }
});

describe("hosts that only resemble a registry's", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["docker.io.evil.example",                        "Docker Hub's name as a subdomain"],
    ["evildocker.io",                                 "Docker Hub's name as an ending"],
    ["evil.docker.io",                                "a host below docker.io that is not the registry"],
    ["Docker.IO",                                     "other letters: docker would not ask Docker Hub either"],
    ["docker.io.",                                    "a trailing dot"],
    ["docker.io:443",                                 "a port"],
    ["public.ecr.aws.evil.example",                   "ECR Public's name as a subdomain"],
    ["evilpublic.ecr.aws",                            "ECR Public's name as an ending"],
    [`${A}.dkr.ecr.us-east-1.amazonaws.com.evil.example`, "ECR's name as a subdomain"],
    [`evil.${A}.dkr.ecr.us-east-1.amazonaws.com`,     "something before the account"],
    [`${A}.dkr.ecr.us-east-1.amazonaws.com:443`,      "a port"],
    [`${A}.dkr.ecr.us-east-1.amazonaws.com\n`,        "a newline"],
    [`${A}.dkr.ecr.us-east-1.amazonaws.com.cn`,       "a commercial region under China's domain"],
    [`${A}.dkr.ecr.cn-north-1.amazonaws.com`,         "China's region under the commercial domain"],
    [`${A}.dkr.ecr.us-gov-west-1.c2s.ic.gov`,         "GovCloud's region under another domain"],
    [`${A}.dkr-ecr.us-east-1.amazonaws.com`,          "the dual-stack name under the classic domain"],
    [`${A}.dkr.ecr.us-east-1.on.aws`,                 "the classic name under the dual-stack domain"],
    [`${A}.dkr-ecr.us-iso-east-1.c2s.ic.gov`,         "a dual-stack form that does not exist"],
    [`${A}.dkrxecr.us-east-1.amazonaws.com`,          "a joint that is not a dot"],
    [`${A.slice(1)}.dkr.ecr.us-east-1.amazonaws.com`, "an account of 11 digits"],
    [`${A}3.dkr.ecr.us-east-1.amazonaws.com`,         "an account of 13 digits"],
    [`${A}.dkr.ecr.useast1.amazonaws.com`,            "no region"],
    [`${A}.dkr.ecr..amazonaws.com`,                   "an empty region"],
    [`${A}.dkr.ecr.us-east-1.amazonaws.com@evil.example`, "an address with a user name"],
    ["ghcr.io",                                       "simply another registry"],
    ["localhost:5000",                                "this machine"],
    ["",                                              "nothing"],
    ["constructor",                                   "a member of every object"],
  ] as const;

  for (const [host, because] of table) {
    test(`${because}: ${JSON.stringify(host)}`, () => {
      deepEqual(registryOf(host), { kind: "other", host });
      equal(isDockerHubFront(host), false);
    });
  }
});

describe("Docker Hub under its names", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["docker.io",               "library/nginx", "docker.io/library/nginx"],
    ["index.docker.io",         "library/nginx", "docker.io/library/nginx"],
    ["registry-1.docker.io",    "library/nginx", "docker.io/library/nginx"],
    ["registry.hub.docker.com", "library/nginx", "docker.io/library/nginx"],
    ["registry.hub.docker.com", "nginx",         "docker.io/library/nginx"],
    ["registry.hub.docker.com", "acme/web",      "docker.io/acme/web"],
    ["docker.n8n.io",           "n8nio/n8n",     "docker.io/n8nio/n8n"],
    ["ghcr.io",                 "acme/web",      undefined],
    ["hub.docker.com",          "r/acme/web",    undefined],
    ["auth.docker.io",          "acme/web",      undefined],
    ["registry.hub.docker.com.evil.example", "acme/web", undefined],
    ["toString",                "acme/web",      undefined],
  ] as const;
  for (const [host, path, name] of table) {
    test(`${host}/${path} is ${name ?? "not Docker Hub's"}`, () => {
      const known = dockerHubName({ host, path, tag: "1" });
      equal(known && canonicalName(known), name && `${name}:1`);
    });
  }

  // biome-ignore format: a table is read by its columns
  const kinds = [
    ["docker.io",                        "docker-hub"],
    ["index.docker.io",                  "docker-hub"],
    ["registry-1.docker.io",             "docker-hub"],
    ["registry.hub.docker.com",          "docker-hub"],
    ["docker.n8n.io",                    "other"],
    ["auth.docker.io",                   "other"],
    ["production.cloudflare.docker.com", "other"],
  ] as const;
  for (const [host, kind] of kinds) {
    test(`Docker Hub's login is ${kind === "docker-hub" ? "" : "not "}for ${host}`, () =>
      equal(registryOf(host).kind, kind));
  }
});

describe("S3, where ECR keeps layers", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com",           true],
    ["prod-us-east-1-starport-layer-bucket.s3.dualstack.us-east-1.amazonaws.com", true],
    ["b.s3-fips.us-gov-west-1.amazonaws.com",                                     true],
    ["b.s3.cn-north-1.amazonaws.com.cn",                                          true],
    ["b.s3.cn-north-1.amazonaws.com",                                             false],
    ["internal-web-1.us-east-1.elb.amazonaws.com",                                false],
    ["ec2-10-0-0-1.compute-1.amazonaws.com",                                      false],
    ["b.s3.us-east-1.amazonaws.com.evil.example",                                 false],
    ["s3.us-east-1.amazonaws.com",                                                false],
  ] as const;
  for (const [host, is] of table) {
    test(`${host} ${is ? "is" : "is not"} a bucket`, () => equal(isS3Host(host), is));
  }
});

describe("whose limit a pull counts against", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["docker.io",               true],
    ["index.docker.io",         true],
    ["registry-1.docker.io",    true],
    ["registry.hub.docker.com", true],
    ["docker.n8n.io",           true],
    ["public.ecr.aws",          false],
    ["ghcr.io",                 false],
    ["n8n.io",                  false],
  ] as const;
  for (const [host, isFront] of table) {
    test(`${host} ${isFront ? "is" : "is not"} Docker Hub's limit`, () =>
      equal(isDockerHubFront(host), isFront));
  }

  test("ECR Public by either of its names", () => {
    deepEqual(registryOf("public.ecr.aws"), { kind: "ecr-public" });
    deepEqual(registryOf("ecr-public.aws.com"), { kind: "ecr-public" });
  });
});
