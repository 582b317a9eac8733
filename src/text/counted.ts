/** `1,200`. */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** A count and its noun: `1 cluster`, `1,200 services`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}
