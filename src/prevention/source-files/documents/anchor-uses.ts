/** The places where each anchored text of a YAML document is used, and which of them a reader has asked for as an image's words. */

import type { Scalar } from "yaml";

type Place = { readonly holder: object; readonly key: string };

export class AnchorUses {
  readonly #places = new Map<Scalar, Place[]>();
  #sorted: readonly { start: number; end: number; places: readonly Place[] }[] | undefined;
  readonly #asked = new WeakMap<object, Set<string>>();

  /** @param holder the object or list that has the text as its `key` */
  add(node: Scalar, holder: object, key: string): void {
    if (node.anchor === undefined) return;
    const places = this.#places.get(node) ?? [];
    this.#places.set(node, places);
    places.push({ holder, key });
  }

  /** This place does not count as a use of the text. */
  forget(holder: object, key: string): void {
    this.#mark(holder, key);
  }

  ask(node: Scalar, holder: object, key: string): void {
    if (node.anchor !== undefined) this.#mark(holder, key);
  }

  isUsedElsewhere(offset: number): boolean {
    const places = this.#placesAt(offset);
    return places.some(({ holder, key }) => !this.#asked.get(holder)?.has(key));
  }

  /** Thousands of anchors and of images are looked up by halves. */
  #placesAt(offset: number): readonly Place[] {
    this.#sorted ??= [...this.#places]
      .flatMap(([{ range }, places]) => (range == null ? [] : [{ start: range[0], end: range[1], places }]))
      .sort((a, b) => a.start - b.start);
    const all = this.#sorted;
    let [low, high] = [0, all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((all[middle]?.end ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    const found = all[low];
    return found !== undefined && found.start <= offset ? found.places : [];
  }

  #mark(holder: object, key: string): void {
    const keys = this.#asked.get(holder) ?? new Set();
    this.#asked.set(holder, keys.add(key));
  }
}
