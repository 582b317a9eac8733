import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import { InvalidInput } from "../../src/image/invalid-input.ts";
import {
  canonicalName,
  familiarName,
  type ImageReference,
  manifestName,
  parseReference,
  pinToDigest,
  tryParseReference,
} from "../../src/image/reference.ts";

const HEX = "0123456789abcdef".repeat(4);
const DIGEST = `sha256:${HEX}` as const;

describe("a name, the whole name, and the name that people write", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["nginx",                                 "docker.io/library/nginx",               "nginx"],
    ["nginx:1.25",                            "docker.io/library/nginx:1.25",          "nginx:1.25"],
    ["library/nginx",                         "docker.io/library/nginx",               "nginx"],
    ["docker.io/nginx",                       "docker.io/library/nginx",               "nginx"],
    ["index.docker.io/nginx",                 "docker.io/library/nginx",               "nginx"],
    ["index.docker.io/library/nginx:1",       "docker.io/library/nginx:1",             "nginx:1"],
    ["registry-1.docker.io/library/nginx",    "docker.io/library/nginx",               "nginx"],
    ["registry-1.docker.io/grafana/grafana",  "docker.io/grafana/grafana",             "grafana/grafana"],
    ["grafana/grafana:11.0.0",                "docker.io/grafana/grafana:11.0.0",      "grafana/grafana:11.0.0"],
    ["library/a/b",                           "docker.io/library/a/b",                 "library/a/b"],
    ["library",                               "docker.io/library/library",             "library"],
    ["docker.io/ghcr.io/x",                   "docker.io/ghcr.io/x",                   "docker.io/ghcr.io/x"],
    ["docker.io/index.docker.io/x",           "docker.io/index.docker.io/x",           "docker.io/index.docker.io/x"],
    ["docker.io/localhost/x",                 "docker.io/localhost/x",                 "docker.io/localhost/x"],
    [`docker.io/library/${HEX}`,              `docker.io/library/${HEX}`,              `docker.io/library/${HEX}`],
    ["localhost/x",                           "localhost/x",                           "localhost/x"],
    ["localhost:5000/x:y",                    "localhost:5000/x:y",                    "localhost:5000/x:y"],
    ["localhost:5000",                        "docker.io/library/localhost:5000",      "localhost:5000"],
    ["example.com:8080",                      "docker.io/library/example.com:8080",    "example.com:8080"],
    ["127.0.0.1:5000/a/b",                    "127.0.0.1:5000/a/b",                    "127.0.0.1:5000/a/b"],
    ["[::1]:5000/a:t",                        "[::1]:5000/a:t",                        "[::1]:5000/a:t"],
    ["[2001:db8::1]/a",                       "[2001:db8::1]/a",                       "[2001:db8::1]/a"],
    ["Upper/case",                            "Upper/case",                            "Upper/case"],
    ["Docker.IO/nginx",                       "Docker.IO/nginx",                       "Docker.IO/nginx"],
    ["docker.io:443/library/nginx",           "docker.io:443/library/nginx",           "docker.io:443/library/nginx"],
    ["public.ecr.aws/docker/library/redis:7", "public.ecr.aws/docker/library/redis:7", "public.ecr.aws/docker/library/redis:7"],
    [`nginx@${DIGEST}`,                       `docker.io/library/nginx@${DIGEST}`,     `nginx@${DIGEST}`],
    [`nginx:1@${DIGEST}`,                     `docker.io/library/nginx:1@${DIGEST}`,   `nginx:1@${DIGEST}`],
    [`ghcr.io/a/b:c@${DIGEST}`,               `ghcr.io/a/b:c@${DIGEST}`,               `ghcr.io/a/b:c@${DIGEST}`],
    ["a/b__c.d-e--f_g",                       "docker.io/a/b__c.d-e--f_g",             "a/b__c.d-e--f_g"],
    ["xn--n3h.com/x",                         "xn--n3h.com/x",                         "xn--n3h.com/x"],
    [DIGEST,                                  `docker.io/library/${DIGEST}`,           DIGEST],
    ["nginx:_1.2-3_RC",                       "docker.io/library/nginx:_1.2-3_RC",     "nginx:_1.2-3_RC"],
  ] as const;

  for (const [written, canonical, familiar] of table) {
    test(`${written} is ${canonical}`, () => {
      const reference = parseReference(written);
      equal(canonicalName(reference), canonical);
      equal(familiarName(reference), familiar);
    });
  }
});

describe("what is not a reference", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["",                                  "nothing"],
    [" nginx",                            "space before"],
    ["nginx\n",                           "newline after"],
    ["NGINX",                             "upper-case path"],
    ["docker.io/Nginx",                   "upper-case path at a host"],
    ["a/B",                               "upper-case component"],
    ["nginx:",                            "empty tag"],
    ["nginx:-x",                          "tag that begins with a dash"],
    ["nginx:.x",                          "tag that begins with a dot"],
    ["nginx:a:b",                         "two tags"],
    ["nginx:ä",                           "tag outside ASCII"],
    ["nginx@",                            "empty digest"],
    ["nginx@sha256:abc",                  "short digest"],
    [`nginx@sha256:${HEX}0`,              "long digest"],
    [`nginx@SHA256:${HEX}`,               "upper-case algorithm"],
    [`nginx@sha256:${HEX.toUpperCase()}`, "upper-case digest"],
    [`nginx@md5:${HEX}`,                  "algorithm that proves nothing"],
    [`nginx@${DIGEST}@${DIGEST}`,         "two digests"],
    [`@${DIGEST}`,                        "digest without a name"],
    [HEX,                                 "image id"],
    ["/nginx",                            "empty host"],
    ["a//b",                              "empty component"],
    ["a/",                                "path that ends with a slash"],
    ["docker.io/",                        "host without a path"],
    ["a/-b",                              "component that begins with a separator"],
    ["a/b-",                              "component that ends with a separator"],
    ["a/b___c",                           "three underscores"],
    ["a/b..c",                            "two dots"],
    ["a/b._c",                            "mixed separators"],
    ["a/../b",                            "path traversal"],
    ["https://docker.io/nginx",           "URL"],
    ["-host.com/x",                       "host that begins with a dash"],
    ["host-.com/x",                       "host component that ends with a dash"],
    ["host_name.com/x",                   "underscore in a host"],
    ["host.com:port/x",                   "port that is not a number"],
    ["host.com:/x",                       "empty port"],
    ["user:pass@host.com/x",              "credentials"],
    ["example.com:99999/a",               "port beyond the last one"],
    ["999.999.999.999/a",                 "IPv4 that is none"],
    ["[::::1]/a",                         "IPv6 that is none"],
    ["::1/x",                             "IPv6 without brackets"],
    ["[fe80::1%eth0]/x",                  "IPv6 with a zone"],
    ["[::ffff:127.0.0.1]/x",              "IPv4 mapped into IPv6"],
    ["nginx?x=1",                         "query"],
    ["nginx\0",                           "NUL"],
    ["nginx\u2028",                       "line separator"],
    ["ngınx",                             "dotless i"],
  ] as const;

  for (const [text, because] of table) {
    test(`${because}: ${JSON.stringify(text)}`, () => {
      throws(() => parseReference(text), InvalidInput);
      equal(tryParseReference(text), undefined);
    });
  }

  for (const value of [undefined, null, 7, {}, [], { toString: () => "nginx" }]) {
    test(`not even text: ${JSON.stringify(value)}`, () => equal(tryParseReference(value), undefined));
  }

  test("a megabyte is refused at once, and quoted in part", () => {
    throws(
      () => parseReference("a".repeat(1_000_000)),
      (error) => error instanceof InvalidInput && error.message.length < 500,
    );
  });
});

describe("limits, at the border", () => {
  const label = (length: number) => "a".repeat(length);
  const host = (length: number) =>
    `${`${label(49)}.`.repeat(Math.floor((length - 1) / 50))}${label(((length - 1) % 50) + 1)}`;
  // biome-ignore format: a table is read by its columns
  const table = [
    [label(247),              true,  "247 and library/ make 255"],
    [label(248),              false, "library/ counts"],
    [`x/${label(253)}`,       true,  "a path of 255"],
    [`x/${label(254)}`,       false, "a path of 256"],
    [`ghcr.io/${label(255)}`, true,  "the host does not count"],
    [`ghcr.io/${label(256)}`, false, "a path of 256 behind a host"],
    [`nginx:${label(128)}`,   true,  "a tag of 128"],
    [`nginx:${label(129)}`,   false, "a tag of 129"],
    [`${host(253)}:65535/x`,  true,  "the longest name in DNS, with a port"],
    [`${host(260)}/x`,        false, "a host that DNS cannot hold"],
    [`${host(253)}:65535/${label(255)}:${label(128)}@sha512:${HEX}${HEX}`, true,  "everything at its longest"],
  ] as const;
  for (const [text, isReference, because] of table) {
    test(`${because} ${isReference ? "is" : "is not"} a reference`, () => {
      equal(tryParseReference(text) !== undefined, isReference);
    });
  }
});

describe("what a registry is asked for", () => {
  test("the digest wins over the tag", () =>
    equal(manifestName(parseReference(`nginx:1@${DIGEST}`)), DIGEST));
  test("is asked for the tag where there is no digest", () =>
    equal(manifestName(parseReference("nginx:1")), "1"));
  test("is asked for latest where there is neither digest nor tag", () =>
    equal(manifestName(parseReference("nginx")), "latest"));
  test("pinning keeps the repository and drops the tag", () => {
    equal(canonicalName(pinToDigest(parseReference("nginx:1"), DIGEST)), `docker.io/library/nginx@${DIGEST}`);
  });
});

describe("for every reference", () => {
  const alnum = fc.stringMatching(/^[a-z0-9]{1,6}$/);
  const component = fc
    .array(fc.tuple(alnum, fc.constantFrom(".", "_", "__", "-", "---")), { minLength: 1, maxLength: 3 })
    .map((parts) =>
      parts.map(([word, separator], index) => (index === 0 ? word : `${separator}${word}`)).join(""),
    );
  const path = fc.array(fc.oneof(component, fc.constantFrom("library", "localhost", "docker.io")), {
    minLength: 1,
    maxLength: 4,
  });
  const host = fc.constantFrom(
    "docker.io",
    "localhost",
    "localhost:5000",
    "ghcr.io",
    "public.ecr.aws",
    "[::1]:80",
    "10.0.0.1",
    "A.b",
    "Upper",
    "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
  );
  const reference: fc.Arbitrary<ImageReference> = fc
    .tuple(
      host,
      path,
      fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/), { nil: undefined }),
      fc.option(fc.stringMatching(/^[0-9a-f]{64}$/), { nil: undefined }),
    )
    .map(([at, components, tag, hex]) => ({
      host: at,
      // One component at Docker Hub is a Docker Official Image, which lives in library/.
      path: at === "docker.io" && components.length === 1 ? `library/${components[0]}` : components.join("/"),
      ...(tag === undefined ? {} : { tag }),
      ...(hex === undefined ? {} : { digest: `sha256:${hex}` as const }),
    }));

  test("a canonical name parses to itself", () => {
    fc.assert(fc.property(reference, (x) => deepEqual(parseReference(canonicalName(x)), x)));
  });

  test("a familiar name parses to itself", () => {
    fc.assert(fc.property(reference, (x) => deepEqual(parseReference(familiarName(x)), x)));
  });
});

describe("for every text", () => {
  const pieces = fc.constantFrom(
    "docker.io",
    "index.docker.io",
    "library",
    "localhost",
    "nginx",
    "a",
    "A",
    "/",
    "//",
    ":",
    "@",
    ".",
    "_",
    "__",
    "-",
    "[",
    "]",
    "::1",
    "5000",
    "sha256:",
    HEX,
    "\n",
    " ",
    "ä",
    "\0",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(pieces, { maxLength: 8 }).map((list) => list.join("")),
  );

  test("a reference is refused as invalid input, or prints to what parses the same", () => {
    fc.assert(
      fc.property(text, (written) => {
        const read = tryParseReference(written);
        if (read === undefined) return;
        deepEqual(parseReference(canonicalName(read)), read);
        deepEqual(parseReference(familiarName(read)), read);
      }),
      { numRuns: 5_000 },
    );
  });
});
