// The buttons: as written, ones, each one-hot e_i (row i of J), zeros, random. They set the sliders here, so a busy kernel does not matter.

import { make, put, word } from "./dom.js";
import { parse } from "./number.js";

const SEPARATE = 8; // one-hot buttons up to so many entries, a list above
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

const subscript = (index) => [...String(index)].map((digit) => SUBSCRIPTS[digit]).join("");

function normal() {
  const draw = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return Math.round(draw * 100) / 100;
}

export class Presets {
  // `ask` sends what only the kernel can do: a preset or an entry of a v of which not every entry has a slider.
  constructor(spec, weights, ask) {
    this.spec = spec;
    this.weights = weights;
    this.ask = ask;
    this.buttons = [];
    const row = make("div", { class: "backward-buttons", role: "group", "aria-label": word(spec, "set_all") });
    const scalar = spec.outputShape.length === 0;
    row.append(this.button("as written", "written", "written", word(spec, "tell_written")));
    if (spec.complete || spec.live) {
      row.append(this.button(scalar ? "one" : "ones", scalar ? "one" : "ones", "ones", word(spec, "tell_ones")));
      row.append(...(scalar ? [] : this.hot()));
      row.append(this.button(scalar ? "zero" : "zeros", scalar ? "zero" : "zeros", "zeros", word(spec, "tell_zeros")));
      row.append(this.button("random", "random", "random", word(spec, "tell_random")));
    }
    this.element = make("div", { class: "backward-presets" }, row, spec.complete ? null : this.picker());
  }

  // `text` is a key of the words, or the text itself; `data-preset` is the same in every language.
  button(preset, text, name, title, place) {
    const shown = this.spec.words[text] ?? text;
    const button = make("button", { type: "button", title, "aria-pressed": "false", "data-preset": preset, "data-lm-suppress-shortcuts": "true" }, shown);
    button.addEventListener("click", () => this.press(name, place));
    this.buttons.push({ button, name, place });
    return button;
  }

  hot() {
    const { weights, outputShape } = this.spec;
    const called = ({ name, flat }) => (outputShape.length === 1 ? `e${subscript(flat)}` : name.replace(/^v/, "e"));
    const tell = ({ name }) => word(this.spec, "tell_hot", name);
    if (weights.length <= SEPARATE) return weights.map((each, place) => this.button(called(each), called(each), "hot", tell(each), place));
    const list = make("select", { "aria-label": word(this.spec, "hot"), "data-lm-suppress-shortcuts": "true" }, make("option", { value: "" }, "eᵢ …"));
    weights.forEach((each, place) => list.append(make("option", { value: String(place), title: tell(each) }, called(each))));
    list.addEventListener("change", () => {
      if (list.value !== "") this.press("hot", Number(list.value));
      list.value = "";
    });
    return [list];
  }

  press(name, place) {
    const { weights } = this;
    if (!this.spec.complete) {
      const flat = name === "hot" ? this.spec.weights[place].flat : null;
      if (name === "written" && !this.spec.live) return weights.together((slot) => weights.reset(slot));
      return this.ask({ kind: "preset", name, index: flat });
    }
    weights.together((slot) => {
      if (name === "written") weights.reset(slot);
      else weights.set(slot, { ones: 1, zeros: 0, random: normal(), hot: slot === place ? 1 : 0 }[name]);
    });
  }

  // A v too large for a slider each: type the index of an entry to get one, or click it in the strip.
  picker() {
    const { spec } = this;
    if (!spec.live) return make("p", { class: "backward-where" }, word(spec, "some", spec.weights.length, spec.size));
    const box = make("input", { type: "text", inputmode: "numeric", placeholder: spec.outputShape.length > 1 ? "0, 0" : "0", "aria-label": word(spec, "index"), "data-lm-suppress-shortcuts": "true" });
    const add = () => {
      const flat = this.flat(box.value);
      box.setAttribute("aria-invalid", String(flat === null));
      if (flat !== null) this.ask({ kind: "pick", index: flat });
    };
    const button = make("button", { type: "button", "data-lm-suppress-shortcuts": "true", onclick: add }, word(spec, "add"));
    box.addEventListener("keydown", (event) => event.key === "Enter" && add());
    const form = make("div", { class: "backward-pick" }, "v[", box, "]", button);
    const strip = make("div", { class: "backward-strip backward-v", "aria-hidden": "true" });
    const largest = Math.max(...spec.strip.map(Math.abs), 0) || 1;
    spec.strip.forEach((value, flat) => {
      const cell = make("span", { title: `v[${flat}]`, "data-sign": value < 0 ? "negative" : value > 0 ? "positive" : "none", "data-pick": flat });
      cell.style.setProperty("--strength", String(Math.round(100 * Math.sqrt(Math.abs(value) / largest))));
      strip.append(cell);
    });
    strip.addEventListener("click", (event) => {
      const { pick } = event.target.dataset;
      if (pick !== undefined) this.ask({ kind: "pick", index: Number(pick) });
    });
    return make("div", {}, make("p", { class: "backward-where" }, word(spec, "some", spec.weights.length, spec.size)), form, strip);
  }

  flat(text) {
    const parts = text.split(",").map(parse);
    const { outputShape, size } = this.spec;
    const whole = (index, limit) => Number.isInteger(index) && index >= -limit && index < limit;
    if (parts.length === 1 && outputShape.length === 1) return whole(parts[0], size) ? (parts[0] + size) % size : null;
    if (parts.length !== outputShape.length || !parts.every((index, axis) => whole(index, outputShape[axis]))) return null;
    return parts.reduce((flat, index, axis) => flat * outputShape[axis] + ((index + outputShape[axis]) % outputShape[axis]), 0);
  }

  update(v) {
    const same = (place, slot, other) => v[slot] === (slot === place ? 1 : other);
    for (const { button, name, place } of this.buttons) {
      let on = false;
      if (name === "written") on = v.every((value, slot) => value === this.spec.weights[slot].anchors[1][1]);
      else if (!this.spec.complete) on = false;
      else if (name === "ones") on = v.every((value) => value === 1);
      else if (name === "zeros") on = v.every((value) => value === 0);
      else if (name === "hot") on = v.every((value, slot) => same(place, slot, 0));
      put(button, "aria-pressed", on);
    }
  }
}
