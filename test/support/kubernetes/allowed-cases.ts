/** Images and whether entries of `allowedRegistries` let them be written: of the function, and of the fence in the API server. */

export type AllowedCase = {
  readonly title: string;
  readonly allowed: readonly string[];
  readonly image: string;
  readonly is: boolean;
};

const AT = `@sha256:${"a".repeat(64)}`;
const LIBRARY = "registry.example/docker/library";
const PORTED = "registry.example:5000/team";

// biome-ignore format: a table is read by its columns
const TABLE: readonly (readonly [title: string, allowed: readonly string[], image: string, is: boolean])[] = [
  ["a repository of a registry",                        ["registry.example"],      `registry.example/app${AT}`,                      true],
  ["a deep repository of a registry",                   ["registry.example"],      `registry.example/a/b/c/d${AT}`,                  true],
  ["a repository under a path",                         [LIBRARY],                 `${LIBRARY}/nginx${AT}`,                          true],
  ["a deep repository under a path",                    [LIBRARY],                 `${LIBRARY}/nginx/unprivileged${AT}`,             true],
  ["the repository that is the whole path",             [LIBRARY],                 `${LIBRARY}${AT}`,                                true],
  ["the repository that is the path, with a tag",       [LIBRARY],                 `${LIBRARY}:1.27${AT}`,                           true],
  ["a repository under a path, with a tag",             [LIBRARY],                 `${LIBRARY}/nginx:Tag_1.27${AT}`,                 true],
  ["a repository under a path at a port",               [PORTED],                  `${PORTED}/app${AT}`,                             true],
  ["a path among other entries",                        ["other.example", LIBRARY], `${LIBRARY}/nginx${AT}`,                         true],
  ["an image without a digest",                         [LIBRARY],                 `${LIBRARY}/nginx:1.27`,                          false],
  ["a repository next to the path",                      [LIBRARY],                 `registry.example/docker/other${AT}`,             false],
  ["a repository above the path",                       [LIBRARY],                 `registry.example/docker${AT}`,                   false],
  ["a segment that begins like the last one",           [LIBRARY],                 `${LIBRARY}-evil/nginx${AT}`,                     false],
  ["a segment that goes on after a dot",                [LIBRARY],                 `${LIBRARY}.evil/nginx${AT}`,                     false],
  ["a segment that goes on after a low line",           [LIBRARY],                 `${LIBRARY}_evil${AT}`,                           false],
  ["the path in another registry",                      [LIBRARY],                 `evil.example/docker/library/nginx${AT}`,         false],
  ["the entry as a path of another registry",           [LIBRARY],                 `evil.example/${LIBRARY}/nginx${AT}`,             false],
  ["the path at a port",                                [LIBRARY],                 `registry.example:5000/docker/library/x${AT}`,    false],
  ["the path at another port",                          [PORTED],                  `registry.example:5001/team/app${AT}`,            false],
  ["the path at a longer port",                         [PORTED],                  `registry.example:50000/team/app${AT}`,           false],
  ["the path without its port",                         [PORTED],                  `registry.example/team/app${AT}`,                 false],
  ["a step up out of the path",                         [LIBRARY],                 `${LIBRARY}/../evil${AT}`,                        false],
  ["a step up at the end",                              [LIBRARY],                 `${LIBRARY}/..${AT}`,                             false],
  ["an escaped step up",                                [LIBRARY],                 `${LIBRARY}/%2e%2e/evil${AT}`,                    false],
  ["a dot as a segment",                                [LIBRARY],                 `${LIBRARY}/./nginx${AT}`,                        false],
  ["an empty segment in the path",                      [LIBRARY],                 `registry.example//docker/library/nginx${AT}`,    false],
  ["an empty segment after the path",                   [LIBRARY],                 `${LIBRARY}//nginx${AT}`,                         false],
  ["a slash before the digest",                         [LIBRARY],                 `${LIBRARY}/${AT}`,                               false],
  ["the path in capitals",                              [LIBRARY],                 `registry.example/Docker/library/nginx${AT}`,     false],
  ["the host in capitals",                              [LIBRARY],                 `Registry.example/docker/library/nginx${AT}`,     false],
  ["a letter that looks like one of the path",          [LIBRARY],                 `registry.example/d\u043ecker/library/nginx${AT}`, false],
  ["a letter that looks like one of the host",          [LIBRARY],                 `r\u0435gistry.example/docker/library/nginx${AT}`, false],
  ["a slash that looks like one",                       [LIBRARY],                 `registry.example\u2215docker/library/x${AT}`,    false],
  ["a letter of full width",                            [LIBRARY],                 `registry.example/\uff44ocker/library/x${AT}`,    false],
  ["a host with a dot at its end",                      [LIBRARY],                 `registry.example./docker/library/x${AT}`,        false],
  ["a port of letters after the path",                  [LIBRARY],                 `${LIBRARY}:evil/nginx${AT}`,                     false],
  ["a port after the path",                             [LIBRARY],                 `${LIBRARY}:5000/nginx${AT}`,                     false],
  ["the entry as a login",                              [LIBRARY],                 `${LIBRARY}@evil.example/nginx${AT}`,             false],
  ["a digest before the digest",                        [LIBRARY],                 `${LIBRARY}/nginx${AT}${AT}`,                     false],
  ["the registry itself, without a repository",         ["registry.example"],      `registry.example${AT}`,                          false],
  ["a user of Docker Hub called as an entry",           ["registry.example"],      `registry/example${AT}`,                          false],
  ["a registry that goes on after the entry",           ["registry.example"],      `registry.example.evil.example/app${AT}`,         false],
  ["an empty tag",                                      [LIBRARY],                 `${LIBRARY}/nginx:${AT}`,                         false],
  ["a line break after the digest",                     [LIBRARY],                 `${LIBRARY}/nginx${AT}\n`,                        false],
  ["a space",                                           [LIBRARY],                 `${LIBRARY}/ng inx${AT}`,                         false],
];

export const ALLOWED_CASES: readonly AllowedCase[] = TABLE.map(([title, allowed, image, is]) => ({
  title,
  allowed,
  image,
  is,
}));
