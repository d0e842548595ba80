// Many numbers as a strip of colours, with the scale that says what a colour means, and the number that is pointed at.

import { make, word } from "./dom.js";
import { entry, number } from "./number.js";

// The colour says the sign, its strength the size beside the largest.
function paint(cell, value, largest) {
  const size = Math.abs(value);
  const share = size === 0 ? 0 : Number.isFinite(size) ? Math.sqrt(size / largest) : 1;
  cell.dataset.sign = value < 0 ? "negative" : value > 0 ? "positive" : "none";
  cell.style.setProperty("--strength", String(Math.round(share * 100)));
}

const [CELL, WIDEST_ROW, TABLE_ROW] = [11, 32, 27]; // pixels of a cell with its gap, and cells in a row, here and in a table

// A row of a strip is one of the tensor, or several, where it has room for one.
export function stripWidth(shape, most = TABLE_ROW) {
  const last = shape.length > 1 ? shape.at(-1) : 1;
  return CELL * (last > 4 && last <= most ? last * Math.floor(most / last) : most);
}

export class Heat {
  // The places are flat indices of entries; `at`, where they stand among the numbers that move.
  constructor(spec, name, shape, places, at = null) {
    Object.assign(this, { spec, name, shape, places, values: [], now: 0 });
    this.cells = places.map((_, place) => make("span", at === null ? {} : { "data-at": at + place, "data-value": entry(name, places[place], shape) }, at === null ? null : "\u2007"));
    this.strip = make("div", { class: "backward-strip", style: `max-width: ${stripWidth(shape, WIDEST_ROW)}px`, tabindex: "0", role: "img", "data-lm-suppress-shortcuts": "true" }, ...this.cells);
    this.said = make("span", { class: "backward-where", "aria-live": "polite" });
    this.scale = make("div", { class: "backward-scale", "aria-label": word(spec, "scale") });
    this.element = make("div", { class: "backward-heat-strip" }, this.strip, make("div", { class: "backward-legend" }, this.scale, this.said));
    const point = (event) => this.say(this.cells.indexOf(event.target));
    this.strip.addEventListener("pointerover", point);
    this.strip.addEventListener("focus", () => this.say(this.now));
    this.strip.addEventListener("keydown", (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1, Home: -this.now, End: this.cells.length - 1 - this.now }[event.key];
      if (move === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.say(Math.min(Math.max(this.now + move, 0), this.cells.length - 1));
    });
  }

  say(place) {
    if (place < 0 || !this.values.length) return;
    this.now = place;
    this.cells.forEach((cell, each) => cell.classList.toggle("now", each === place));
    this.said.textContent = `${entry(this.name, this.places[place], this.shape)} = ${number(this.values[place])}`;
  }

  show(values) {
    this.values = values;
    const largest = values.reduce((most, each) => (Number.isFinite(each) ? Math.max(most, Math.abs(each)) : most), 0);
    values.forEach((value, place) => paint(this.cells[place], value, largest));
    const steps = [-largest, -largest / 4, 0, largest / 4, largest].filter((each) => (each < 0 ? values.some((value) => value < 0) : each > 0 ? values.some((value) => value > 0) : true));
    this.scale.replaceChildren(
      ...[...new Set(steps)].map((each) => {
        const swatch = make("span", { class: "backward-swatch" });
        paint(swatch, each, largest);
        return make("span", { class: "backward-step-of-scale" }, swatch, number(each));
      }),
    );
    this.strip.setAttribute("aria-label", word(this.spec, "strip", this.name, values.length, number(Math.min(...values)), number(Math.max(...values))));
    if (this.said.textContent) this.say(this.now);
  }
}
