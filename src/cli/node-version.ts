/** Whether the Node that runs is one that the command works on: an older one fails in the middle, by a name that it lacks. */

/** What to say; undefined where it is new enough. @param wanted as `engines` of package.json has it, `>=22.19` */
export function tooOldNode(running: string, wanted: string): string | undefined {
  const [[major, minor], [leastMajor, leastMinor]] = [numbersIn(running), numbersIn(wanted)];
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined;
  return `Node ${wanted.replace(/^\D+/, "")} or newer is needed, and this is ${running}`;
}

function numbersIn(version: string): readonly [number, number] {
  const [, major = "", minor = "0"] = /(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  return [Number(major), Number(minor)];
}
