import { equal } from "node:assert/strict";
import { test } from "vitest";
import { parseChallenges } from "../../../src/oci/auth/www-authenticate.ts";

// biome-ignore format: one row a line
const table: readonly (readonly [string, string])[] = [
  ['Bearer realm="https://auth.docker.io/token",service="registry.docker.io"', "bearer realm=https://auth.docker.io/token service=registry.docker.io"],
  ['Bearer realm="https://a/t", service="s", scope="repository:a/b:pull,push"', "bearer realm=https://a/t service=s scope=repository:a/b:pull,push"],
  ["Bearer realm=https://a/t,service=s",                                       "bearer realm=https://a/t service=s"],
  ['BEARER Realm = "x" , SERVICE = y',                                         "bearer realm=x service=y"],
  ['Basic realm="a \\"quoted\\", b"',                                          'basic realm=a "quoted", b'],
  ['Basic realm="one", Bearer realm="two",service="s"',                        "basic realm=one | bearer realm=two service=s"],
  ['Negotiate, Basic realm="x"',                                               "negotiate | basic realm=x"],
  ['Negotiate YWJj==, Basic realm="x"',                                        "negotiate | basic realm=x"],
  ['Bearer realm="never closed',                                               "bearer realm=never closed"],
  ["Basic",                                                                    "basic"],
  [",,, Basic realm=x,,",                                                      "basic realm=x"],
  ["",                                                                         ""],
  ['realm="no scheme"',                                                        ""],
  ["Bearer \u0000realm=x",                                                     "bearer"],
];

for (const [header, read] of table) {
  test(`${JSON.stringify(header)} asks for ${read || "nothing"}`, () => {
    const words = parseChallenges(header).map(({ scheme, parameters }) =>
      [scheme, ...[...parameters].map(([name, value]) => `${name}=${value}`)].join(" "),
    );
    equal(words.join(" | "), read);
  });
}

test("a header of a megabyte is read at its beginning only", () => {
  const [challenge] = parseChallenges(`Bearer realm="${"x".repeat(1_000_000)}",service="s"`);
  equal((challenge?.parameters.get("realm") ?? "").length < 8192, true);
});
