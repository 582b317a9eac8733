/** Expressions that a page is asked, and that answer with what is wrong in it: text that is too faint, boxes in each other's way. */

/**
 * Each visible text whose contrast is below 4.5 to 1, or 3 to 1 where it is large: WCAG 2.2, success criterion 1.4.3
 * (https://www.w3.org/TR/WCAG22/#contrast-minimum, read 2026-11).
 */
export const FAINT_TEXTS = `(() => {
  const parse = (colour) => { const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number); return { r, g, b, a }; };
  const over = (top, under) => ({
    r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a), b: top.b * top.a + under.b * (1 - top.a), a: 1,
  });
  const canvas = getComputedStyle(document.documentElement).colorScheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches ? { r: 18, g: 18, b: 18, a: 1 } : { r: 255, g: 255, b: 255, a: 1 };
  const behind = (one) => {
    if (one === null) return canvas;
    const own = parse(getComputedStyle(one).backgroundColor);
    return own.a === 1 ? own : over(own, behind(one.parentElement));
  };
  const part = (value) => { const c = value / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const luminance = ({ r, g, b }) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const texts = [...document.querySelectorAll("body *")].filter((one) =>
    one.checkVisibility() && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "") && one.tagName !== "SCRIPT");
  return texts.flatMap((one) => {
    const style = getComputedStyle(one);
    const under = behind(one);
    const [light, dark] = [luminance(over(parse(style.color), under)), luminance(under)].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    return contrast < (isLarge ? 3 : 4.5) ? [one.tagName + " " + one.className + ": " + contrast.toFixed(2) + " " + one.textContent.slice(0, 40)] : [];
  });
})()`;

/** Each pair of boxes with text that cover the same ground, and each text that runs out of its box and is not cut there. */
export const OVERLAPS = `(() => {
  const isShown = (one) => one.checkVisibility() && one.getClientRects().length > 0;
  const boxes = [...document.querySelectorAll("td, th, .tile, .tools > *, h1, h2, p, .bar-label > *, .key > *, summary, details ul, svg.bar")].filter(isShown);
  const rects = boxes.map((one) => one.getBoundingClientRect());
  const found = [];
  for (let i = 0; i < boxes.length; i += 1)
    for (let j = i + 1; j < boxes.length; j += 1) {
      if (boxes[i].contains(boxes[j]) || boxes[j].contains(boxes[i])) continue;
      const wide = Math.min(rects[i].right, rects[j].right) - Math.max(rects[i].left, rects[j].left);
      const high = Math.min(rects[i].bottom, rects[j].bottom) - Math.max(rects[i].top, rects[j].top);
      if (wide > 1 && high > 1) found.push(boxes[i].className + " over " + boxes[j].className + ": " + boxes[i].textContent.slice(0, 30));
    }
  for (const one of document.querySelectorAll("body *")) {
    const { overflowX, display } = getComputedStyle(one);
    const isCut = overflowX !== "visible" || display === "inline";
    if (isShown(one) && !isCut && one.scrollWidth > one.clientWidth + 1) found.push(one.tagName + "." + one.className + " runs out: " + one.textContent.slice(0, 30));
  }
  return found;
})()`;
