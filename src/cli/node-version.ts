/** Whether the Node that runs is one that the command works on: an older one fails in the middle, by a name that it lacks. */

/** What to say; undefined where it is new enough. @param wanted as `engines` of package.json has it, `>=22` */
export function tooOldNode(running: string, wanted: string): string | undefined {
  const major = (version: string): number => Number(/[0-9]+/.exec(version)?.[0]);
  if (major(running) >= major(wanted)) return undefined;
  return `Node ${major(wanted)} or newer is needed, and this is ${running}`;
}
