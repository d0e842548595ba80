// Patches the text of every number that moves, and nothing else: only where it has changed.

import { number } from "./number.js";

const AT_ONCE = 1000; // above so many, one patch for each frame of the screen

export class Numbers {
  constructor() {
    this.slots = [];
    this.frame = 0;
    this.hidden = null; // of a quiz: places whose numbers nobody may see yet
  }

  // Finds the numbers below these elements; called again when some are drawn anew.
  collect(...roots) {
    this.slots = [];
    for (const root of roots) {
      for (const element of root.querySelectorAll("[data-at], [data-weight]")) {
        const moves = element.dataset.at !== undefined;
        const text = element.firstChild ?? element.appendChild(document.createTextNode(""));
        this.slots.push({ text, moves, place: Number(moves ? element.dataset.at : element.dataset.weight), last: undefined });
      }
    }
  }

  // `shown` by place, `v` by flat index of the entry (entries without a slider are not in it).
  patch(shown, v) {
    cancelAnimationFrame(this.frame);
    if (this.slots.length <= AT_ONCE) return this.write(shown, v);
    this.frame = requestAnimationFrame(() => this.write(shown, v));
  }

  write(shown, v) {
    for (const slot of this.slots) {
      const value = slot.moves ? (this.hidden?.(slot.place) ? "?" : shown[slot.place]) : v.get(slot.place);
      if (value === undefined || Object.is(value, slot.last)) continue;
      slot.last = value;
      const text = value === "?" ? value : number(value);
      if (slot.text.data !== text) slot.text.data = text;
    }
  }
}
