/** `2026-01-20 16:05 UTC`: a moment as people read it. What is not a moment stays as it is. */
export function formatMoment(moment: string | number): string {
  const time = typeof moment === "number" ? moment : Date.parse(moment);
  if (!Number.isFinite(time)) return `${moment}`;
  return `${new Date(time).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
