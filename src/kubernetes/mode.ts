/** What Repull may do to a pod: the chart's mode is a ceiling that labels of namespace and pod only lower. */

export const MODES = ["off", "observe", "remediate"] as const;
export type Mode = (typeof MODES)[number];

/** The label on a namespace or a pod. */
export const MODE_LABEL = "repull.dev/mode";

/** The lowest of the ceiling and what the labels say; any other value counts as `observe`. */
export function modeOf(ceiling: Mode, ...labels: readonly (string | undefined)[]): Mode {
  const stated = labels.flatMap((label) =>
    label === undefined ? [] : [MODES.find((mode) => mode === label) ?? "observe"],
  );
  return [ceiling, ...stated].reduce((a, b) => (MODES.indexOf(b) < MODES.indexOf(a) ? b : a));
}
