/**
 * What the project's files may not hold, each rule with its remedy.
 *
 * A rule that nothing can break would be decoration: every one is tried on a bad sample first.
 */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { codeOf, type ProjectFile, projectFiles } from "./support/project-files.ts";
import { commentsOf, sentencesOf } from "./support/prose.ts";

const LINES_MAX = 300;
/** Tables are long, and a test is read a row at a time. */
const TEST_LINES_MAX = 600;
/** A template is a list: it has no second idea to move out. */
const TEMPLATE_LINES_MAX = 1730;

/** Files that have got away, each with its length when it did. A ratchet: entries shrink and go, none is added. */
const LINES_MAX_OF: Readonly<Record<string, number>> = {};

/** Names that others gave: Docker's credential helpers; a route's destination, which is not its target. */
function isOthersWord(path: string, name: string): boolean {
  if (/(?:docker-config|registry-credentials)[.\w]*$/.test(path)) return /helper/i.test(name);
  // Kubernetes' word of server-side apply.
  if (/^test\/kube\/random-pods\//.test(path)) return /manager/i.test(name);
  return /network|(?:preflight|scan-world)\.ts$/.test(path) && /destination/i.test(name);
}

function nameOf(path: string): string {
  return path.split("/").at(-1)?.replace(/\..*$/, "") ?? "";
}

/** The word → what to say instead. */
const BANNED_WORDS: Readonly<Record<string, string>> = {
  util: "name the noun that it is about",
  utils: "name the noun that it is about",
  helper: "name what it does",
  helpers: "name what they do",
  common: "name what they have in common",
  manager: "name what it does: registry, copier, planner",
  src: "source",
  dst: "target",
  dest: "target",
  destination: "target",
};

/** Names that AWS gave, and that code has to spell. */
const AWS_NAMES = new Set([
  "SecretsManagerClient",
  "DestinationCidrBlock",
  "destinationCidrBlock",
  "destinationIpv6CidrBlock",
  "DestinationIpv6CidrBlock",
  "DestinationPrefixListId",
]);

/** Words of a dialect that readers had to decode → what to say instead. */
const UNCLEAR_WORDS: Readonly<Record<string, string>> = {
  nobody: "name who or what does not: no caller, an anonymous client, not read",
  somebody: "name the party: the operator, a caller, another deployment",
  anybody: "name the party: every client, any principal",
  everybody: "name the party: all clients, every principal",
  whoever: "name the party: the caller, the reader, the next execution",
  brake: "kill switch",
  climb: "try the candidates in order",
  climbs: "tries the candidates in order",
  desk: "approval store",
  stands: "is, runs, applies, replaces, means",
  beside: "next to, in addition to, in parallel with, with",
};

/** Phrases of that dialect → what to say instead. */
const UNCLEAR_TURNS: readonly (readonly [turn: RegExp, instead: string])[] = [
  [
    /(?<!\b(?:there|here)\s)\b(?:is|are|was|were) no (?!(?:longer|more|fewer|less|later|older|other|newer|larger|such|smaller|higher|one|room)\b)(?=[a-z])/gi,
    "say what it is not, or what it does not do: is not a …, does not …",
  ],
  [
    /[,;] for(?:\s|\n\s*(?:\*|\/\/|#) )+(?:(?:it|they|there|then|this|that|none|AWS|EC2|ECS|ECR|IAM|Docker Hub) (?:is|are|has|have|was|were|may|must|can|does|do|tells?|answers?|speaks?|lies?)|one account may|the next is)\b/g,
    "because",
  ],
  [/\brungs?\b/gi, "candidate, or level"],
  [/(?<!\bas )\bwhom\b/gi, "name the party: the address, the account, the caller"],
  [
    /\b(?:what|text|bytes|document|service|tag|role|calendar|certificate|header|size) (?:that )?(?:is|are) none\b/gi,
    "name what it is not: is not JSON, is malformed, does not exist",
  ],
  [/\b(?:is|are) told to all\b/gi, "all … get it"],
];

/** Words of pages and comments that leave open who does what → what to say instead. Identifiers and strings may have them. */
const VAGUE_WORDS: Readonly<Record<string, string>> = {
  told: "says, reports, shows or gets: distinguished from, for what is told apart",
  tell: "say, report, show or know: distinguish, for what tells apart",
  tells: "says, reports, shows: distinguishes, for what tells apart",
  held: "kept, has, waits, or compared with",
  turn: "the next, one after the other; change, make, for a verb",
  turns: "passes, rounds; changes, makes, for a verb",
};

/** Words that only pages may not have: code has names that others gave. */
const VAGUE_WORDS_OF_PAGES: Readonly<Record<string, string>> = {
  former: "previous, earlier",
  whilst: "while",
  "left alone": "not changed, skipped",
  "in vain": "without success, failed",
  "goes by": "uses",
};

/** Pages that have some of these words still, and how many. A ratchet: entries shrink and go, none is added. */
const VAGUE_WORDS_LEFT: Readonly<Record<string, number>> = {};

/** The words that a sentence of a page may have. */
const SENTENCE_WORDS_MAX = 30;
/** Pages with a longer sentence, and its words. A ratchet: entries shrink and go, none is added. */
const SENTENCE_WORDS_MAX_OF: Readonly<Record<string, number>> = {};

/** The words of the README before its first section, without the transcript: a reader decides in a screen. */
const FIRST_SCREEN_WORDS_MAX = 60;
const FIRST_SCREEN_LINES_MAX = 70;

/** How a title begins that goes on from the one above it, or means what that one named. */
const GOES_ON =
  /^(?:and|nor|but|or|then|also|even|so|either|neither|otherwise|likewise|again|it|its|they|them|their|these|those|none|yet|still|as often|not more|such as|the same|that one|one of them)(?=[ ,'])/;

type Title = { readonly line: number; readonly title: string };

/** The titles that a file writes out: of tests, and of the rows of tables that call their first column a title. */
function titlesOf(text: string): readonly Title[] {
  let isTitled = false;
  return text.split("\n").flatMap((source, index) => {
    if (/\b(?:rules|rowsOf)\(|readonly \[title\b/.test(source)) isTitled = true;
    if (/^ *\](?:\)| as const)?;/.test(source)) isTitled = false;
    const named =
      /\b(?:describe|test|it)\(["`]([^"`$]*)/.exec(source) ??
      (isTitled ? /^ *\["([^"]*)"/.exec(source) : null);
    // Any table's row, and a title on a line of its own: no other column begins with these.
    const row = /^ *(?:\[|because: |title: )?"((?:and|nor|but|or) [^"]*)"/.exec(source);
    const title = named?.[1] ?? row?.[1];
    return title === undefined ? [] : [{ line: index + 1, title }];
  });
}

function continuedTitle({ line, title }: Title): readonly string[] {
  return GOES_ON.test(title)
    ? [`line ${line}: ${title}: say what it is about: a title does not go on from the one above it`]
    : [];
}

type Rule = {
  readonly name: string;
  readonly concerns: (path: string) => boolean;
  /** What is wrong, each with its remedy. */
  readonly find: (file: ProjectFile) => readonly string[];
};

const isCode = (path: string) => path.endsWith(".ts");
const isOurs = (path: string) => /^(?:src|functions)\/.*\.ts$/.test(path);
const isTest = (path: string) => /^test\/.*\.test\.ts$/.test(path);
const isPage = (path: string) => path.endsWith(".md");
const isGenerated = (path: string) => path === "package-lock.json";
const isLegal = (path: string) => path === "LICENSE";

// Written in halves, so that this file does not find itself.
const LEFTOVER = new RegExp(
  `\\b(?:${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`,
  "g",
);
const MACHINE_PATH = new RegExp(
  `(?<![\\w.$}/-])/(?:${["wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers", "t" + "mp"].join("|")})/[\\w.]`,
  "g",
);

const RULES: readonly Rule[] = [
  {
    name: "nothing is left for later",
    concerns: (path) => !isGenerated(path) && !isLegal(path),
    find: ({ text }) => matches(text, LEFTOVER, "do it now, or open an issue"),
  },
  {
    name: `no file is longer than ${LINES_MAX} lines`,
    concerns: (path) => /\.(?:ts|py|sh|md|yaml)$/.test(path),
    find: ({ path, text }) => {
      const lines = text.split("\n").length - 1;
      const max = LINES_MAX_OF[path] ?? linesMax(path);
      return lines > max ? [`${lines} lines: a file holds one idea; move the second one out`] : [];
    },
  },
  {
    name: "names are of the domain",
    // The two tests that hold the words themselves have to name them.
    concerns: (path) => isCode(path) && path !== "test/tidy.test.ts" && path !== "test/architecture.test.ts",
    find: ({ path, text }) => [
      ...path
        .split("/")
        .slice(0, -1)
        .flatMap((folder, depth) => (depth === 0 && folder === "src" ? [] : namesIn(folder))),
      ...namesIn(nameOf(path)).filter(() => !isOthersWord(path, nameOf(path))),
      ...new Set(
        codeOf(text)
          .match(/[A-Za-z_$][\w$]*/g)
          ?.filter((name) => !isOthersWord(path, name))
          .filter((name) => !AWS_NAMES.has(name))
          .flatMap(namesIn),
      ),
    ],
  },
  {
    name: "words are plain",
    concerns: (path) =>
      /^(?:src|functions|infra|events|bench|local|test|docs)\/|^[A-Z]+\.md$/.test(path) &&
      path !== "test/tidy.test.ts",
    find: ({ text }) => unclearWords(text),
  },
  {
    name: "pages, comments and titles say who does what",
    concerns: (path) => (isCode(path) || isPage(path)) && path !== "test/tidy.test.ts",
    find: ({ path, text }) => {
      const found = isPage(path)
        ? [...withWords(text, VAGUE_WORDS), ...withWords(text, VAGUE_WORDS_OF_PAGES)]
        : [...withWords(commentsOf(text), VAGUE_WORDS), ...(isTest(path) ? vagueTitles(text) : [])];
      return found.length > (VAGUE_WORDS_LEFT[path] ?? 0) ? found : [];
    },
  },
  {
    name: `a sentence of a page has at most ${SENTENCE_WORDS_MAX} words`,
    concerns: isPage,
    find: ({ path, text }) =>
      sentencesOf(text)
        .filter(({ words }) => words > (SENTENCE_WORDS_MAX_OF[path] ?? SENTENCE_WORDS_MAX))
        .map(
          ({ line, words, text: said }) =>
            `line ${line}: ${words} words: make two sentences, or a list: ${said}`,
        ),
  },
  {
    name: "the README's first screen is short",
    concerns: (path) => path === "README.md",
    find: ({ text }) => {
      const screen = text.split(/^## /m)[0] ?? "";
      const words = sentencesOf(screen).reduce((sum, sentence) => sum + sentence.words, 0);
      const lines = screen.split("\n").length;
      return words > FIRST_SCREEN_WORDS_MAX || lines > FIRST_SCREEN_LINES_MAX
        ? [
            `${words} words, ${lines} lines: what it is, what it looks like, how to run it; the rest goes below`,
          ]
        : [];
    },
  },
  {
    name: "a test's title can be read alone",
    concerns: (path) => /^test\/.*\.test\.ts$/.test(path) && path !== "test/tidy.test.ts",
    find: ({ text }) => titlesOf(text).flatMap(continuedTitle),
  },
  {
    name: "a rule answers with codes",
    concerns: (path) =>
      path.startsWith("src/remediation/workflow/rules/") ||
      /^src\/remediation\/deploy\/(?:(?:redeploy-service|redeploy-previous|register-revision)|\w+-rollout)\.ts$/.test(
        path,
      ),
    find: ({ text }) =>
      matches(
        text,
        /\b(?:because\s*[:=]|nextSteps\s*:\s*\[)\s*(?:[\w.()[\] ]+\?\s*)?["`][^"`]*["`]/g,
        "give a code with its facts; src/remediation/report makes the sentence",
      ),
  },
  {
    name: "only the rim prints",
    concerns: (path) =>
      isCode(path) && !/^(?:src\/cli\/|bench\/|local\/|build\.ts$|test\/contracts\/)/.test(path),
    find: ({ text }) =>
      matches(
        codeOf(text),
        /\bconsole\s*\.\s*\w+/g,
        "return the text, or use the Log; src/cli, bench, local, build.ts and the contracts' counts print",
      ),
  },
  {
    name: "no path of one machine",
    concerns: (path) => !isGenerated(path),
    find: ({ text }) => matches(text, MACHINE_PATH, "make it relative, or ask os.tmpdir()"),
  },
  {
    name: "a file opens by saying what it is",
    concerns: isOurs,
    find: ({ text }) =>
      text.trimStart().startsWith("/**") || text.split("\n").length - 1 <= 20
        ? []
        : ["begin with a doc comment of two sentences that teach the idea"],
  },
  {
    name: "the compiler is not told to look away",
    concerns: isCode,
    find: ({ text }) =>
      matches(
        text,
        new RegExp(`@ts-${"(?:ignore|nocheck|expect-error)"}`, "g"),
        "give it the type that is true",
      ),
  },
  {
    name: "an object's members are written without spreads of literals",
    concerns: isCode,
    // The compiler does not look for excess members in a literal that is spread.
    find: ({ text }) => matches(codeOf(text), /\.\.\.\{/g, "write the members into the object"),
  },
  {
    name: "tests run the real modules, all of them",
    concerns: (path) => /^test\/.*\.ts$/.test(path),
    find: ({ text }) =>
      matches(
        codeOf(text),
        /\bvi\s*\.\s*(?:mock|doMock)\b|\b(?:test|it|describe)\s*\.\s*(?:skip|only|todo|fails)\b/g,
        "put a fake behind a port; a test that does not run proves nothing",
      ),
  },
  {
    name: "no secret, not even a false one that looks true",
    concerns: (path) => !isGenerated(path),
    find: ({ text }) =>
      matches(
        text,
        /\bAKIA(?!IOSFODNN7EXAMPLE)[0-9A-Z]{16}\b|\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[\sA-Za-z0-9+/=]{64}/g,
        "use a value that cannot be mistaken for one",
      ),
  },
];

function linesMax(path: string): number {
  if (path.startsWith("test/")) return TEST_LINES_MAX;
  return path.endsWith(".yaml") ? TEMPLATE_LINES_MAX : LINES_MAX;
}

function matches(text: string, pattern: RegExp, remedy: string): readonly string[] {
  return [...text.matchAll(pattern)].map(
    (found) => `line ${text.slice(0, found.index).split("\n").length}: ${found[0]}: ${remedy}`,
  );
}

function unclearWords(text: string): readonly string[] {
  return [
    ...withWords(text, UNCLEAR_WORDS),
    ...UNCLEAR_TURNS.flatMap(([turn, instead]) => matches(text, turn, instead)),
  ];
}

function vagueTitles(text: string): readonly string[] {
  return titlesOf(text).flatMap(({ line, title }) =>
    withWords(title, VAGUE_WORDS).map((found) => `line ${line}: ${title}: ${found.replace(/^line 1: /, "")}`),
  );
}

function withWords(text: string, words: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(words).flatMap(([word, instead]) =>
    matches(text, new RegExp(`\\b${word.replace(" ", "\\s+")}\\b`, "gi"), instead),
  );
}

/** The banned words in an identifier, a folder's or a file's name: `srcPath`, `copy-helpers`. */
function namesIn(name: string): readonly string[] {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/);
  return words.flatMap((word) => {
    const instead = Object.hasOwn(BANNED_WORDS, word) ? BANNED_WORDS[word] : undefined;
    return instead === undefined ? [] : [`${name}: not "${word}" but: ${instead}`];
  });
}

const files = projectFiles();

describe("the project is tidy", () => {
  for (const rule of RULES) {
    test(rule.name, () => {
      const found = files
        .filter(({ path }) => rule.concerns(path))
        .flatMap((file) => rule.find(file).map((objection) => `${file.path}: ${objection}`));
      deepEqual(found, []);
    });
  }

  test("a file that has come back under the limit leaves the ratchet", () => {
    const lengths = new Map(files.map(({ path, text }) => [path, text.split("\n").length - 1]));
    deepEqual(
      Object.keys(LINES_MAX_OF).filter((path) => (lengths.get(path) ?? 0) <= linesMax(path)),
      [],
    );
  });

  test("a page with shorter sentences, or without a vague word, leaves the ratchet", () => {
    const pages = new Map(files.map(({ path, text }) => [path, text]));
    const longest = (path: string) =>
      Math.max(...sentencesOf(pages.get(path) ?? "").map(({ words }) => words));
    deepEqual(
      [
        ...Object.keys(SENTENCE_WORDS_MAX_OF).filter((path) => longest(path) <= SENTENCE_WORDS_MAX),
        ...Object.keys(VAGUE_WORDS_LEFT).filter(
          (path) => withWords(pages.get(path) ?? "", VAGUE_WORDS).length === 0,
        ),
      ],
      [],
    );
  });

  test("there were files to look at", () => equal(files.length > 50, true));
});

describe("each rule can fail", () => {
  const lines = (count: number) => "x\n".repeat(count);
  // biome-ignore format: a table is read by its columns
  const table = [
    ["nothing is left for later",              "README.md",             `${"TO" + "DO"}: write this`],
    [`no file is longer than ${LINES_MAX} lines`, "src/a.ts",           lines(LINES_MAX + 1)],
    ["names are of the domain",                "src/oci/a.ts",          "const srcPath = 1;"],
    ["names are of the domain",                "src/oci/a.ts",          "function pathHelper() {}"],
    ["names are of the domain",                "src/oci/utils.ts",      ""],
    ["names are of the domain",                "src/common/a.ts",       ""],
    ["names are of the domain",                "src/src/a.ts",          ""],
    ["words are plain",                   "src/oci/a.ts", "// That is no word of the registry's."],
    ["words are plain",                   "src/oci/a.ts", "// A document is none of ours."],
    ["words are plain",                   "src/oci/a.ts", "// An event that is no document."],
    ["words are plain",                   "src/oci/a.ts", "// It is kept, for they may ask again."],
    ["words are plain",                   "src/oci/a.ts", "// The next rung."],
    ["words are plain",                   "src/oci/a.ts", "// To whom it is told."],
    ["words are plain",                        "src/oci/a.ts",          "// What Nobody reads."],
    ["words are plain",                        "infra/a.yaml",          "# The rule that stands for all."],
    ["pages, comments and titles say who does what",   "src/oci/a.ts",          "/** What a HEAD tells of a place. */"],
    ["pages, comments and titles say who does what",   "src/oci/a.ts",          "/**\n * Asks once.\n * Told each plan.\n */"],
    ["pages, comments and titles say who does what",   "test/a.ts",             "const a = 1; // It is the next one's turn."],
    ["pages, comments and titles say who does what",   "test/a.test.ts",        `  test("a loss is told", f);`],
    ["pages, comments and titles say who does what",   "docs/a.md",             "The former revision stays."],
    ["pages, comments and titles say who does what",   "docs/a.md",             "It is left\nalone."],
    [`a sentence of a page has at most ${SENTENCE_WORDS_MAX} words`, "docs/a.md", `It has${" many".repeat(29)}\nwords. It ends.`],
    [`a sentence of a page has at most ${SENTENCE_WORDS_MAX} words`, "docs/a.md", `- It has; ${"one: ".repeat(30)}word`],
    ["the README's first screen is short",     "README.md",             `# A\n\n${"It is short. ".repeat(21)}\n\n## B\n`],
    ["the README's first screen is short",     "README.md",             `# A\n\n\`\`\`\n${lines(70)}\`\`\`\n`],
    ["a test's title can be read alone",       "test/a.test.ts",        `  ["nor does it wait", 1],`],
    ["a test's title can be read alone",       "test/a.test.ts",        `  test("its time is over", f);`],
    ["a test's title can be read alone",       "test/a.test.ts",        `rules("a copy", [\n  ["then four", 4],\n]);`],
    ["a rule answers with codes",              "src/remediation/workflow/rules/a.ts", `const because = "it is closed";`],
    ["only the rim prints",                    "src/oci/a.ts",          "console.log(1);"],
    ["no path of one machine",          "README.md",             `see ${"/ho"}${"me/someone/repull"}`],
    ["a file opens by saying what it is",      "src/oci/a.ts",          lines(21)],
    ["the compiler is not told to look away",  "src/oci/a.ts",          `// @ts-${"ignore"}`],
    ["an object's members are written without spreads of literals", "src/a.ts", "return { ...{ a, b }, c };"],
    ["tests run the real modules, all of them", "test/a.test.ts",       `vi.${"mock"}(x)`],
    ["tests run the real modules, all of them", "test/a.test.ts",       `test.${"skip"}(x)`],
    ["no secret, not even a false one that looks true", "README.md",    `AKIA${"A".repeat(16)}`],
  ] as const;

  for (const [name, path, text] of table) {
    test(`${name}: ${path} ${JSON.stringify(text.slice(0, 40))}`, () => {
      const rule = RULES.find((one) => one.name === name);
      equal(rule?.concerns(path), true);
      equal(rule?.find({ path, text }).length, 1);
    });
  }

  test("a rule without a bad sample would not be here", () => {
    deepEqual(new Set(table.map(([name]) => name)), new Set(RULES.map(({ name }) => name)));
  });
});

describe("a rule does not fail what is right", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["names are of the domain",           "src/oci/a.ts", 'import { a } from "../src/utils.ts"; // src, helper', "a path and a comment are not names"],
    ["names are of the domain",           "src/oci/a.ts", "const common_ = Object.constructor;".replace("common_", "shared"), "a member of every object"],
    ["words are plain",                   "src/oci/a.ts", "// It withstands a handstand, on a desktop.", "a part of another word"],
    ["words are plain",                   "src/oci/a.ts", "// There is no row, and it is no longer asked.", "what does not exist, and what has ended"],
    ["words are plain",                   "src/oci/a.ts", "// One copy, for all services; a sum, for each day.", "what something is for"],
    ["pages, comments and titles say who does what", "src/oci/a.ts", "const told = tell(); // `told` gets each line\n/** @param tell gets a line */", "a name"],
    ["pages, comments and titles say who does what", "src/oci/a.ts", 'const a = "It is told.";',               "a string, which has tests of its own"],
    [`a sentence of a page has at most ${SENTENCE_WORDS_MAX} words`, "docs/a.md", `\`\`\`\n${"word ".repeat(40)}\n\`\`\`\n| ${"cell ".repeat(40)} |`, "a block of code, and a table"],
    [`a sentence of a page has at most ${SENTENCE_WORDS_MAX} words`, "docs/a.md", `It needs ${"`a:B`, ".repeat(40)}\`c:D\`.`, "a list of names in code"],
    ["only the rim prints",               "src/cli/a.ts", "console.log(1);",                          "the command line prints"],
    ["a test's title can be read alone",  "test/a.test.ts", '  test("orders two lists", f);',           "a word that only begins so"],
    ["a test's title can be read alone",  "test/a.test.ts", '  ["it runs", 1],',                        "a condition that a title takes up"],
    ["no path of one machine",     "README.md",    "https://example.com/home/x and test/tmp/x", "an address, a relative path"],
    ["a file opens by saying what it is", "src/oci/a.ts", "export type A = string;\n",                "a short file of types says it by itself"],
  ] as const;
  for (const [name, path, text, because] of table) {
    test(`${because}: ${text}`, () => {
      const rule = RULES.find((one) => one.name === name);
      deepEqual(rule?.concerns(path) ? rule.find({ path, text }) : [], []);
    });
  }
});
