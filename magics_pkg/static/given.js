// The inputs: sliders for the entries of the leaves, which the kernel follows on copies, and what the cards hold then.

import { make, word } from "./dom.js";
import { Weights } from "./weights.js";

const UNKNOWN = "…"; // what is held nowhere any more

export class Given {
  // `ask` sends what only the kernel can do: other sliders, inputs of which not every entry has one.
  constructor(spec, models, svg, ask) {
    Object.assign(this, { spec, svg, ask, now: spec.inputs, texts: new Map() });
    this.weights = new Weights(models, { weights: spec.inputs.entries, words: spec.words });
    this.at = this.weights.values();
    this.said = make("div", { class: "backward-where backward-given-said", role: "status" });
    const button = (name, title, press, key = name) => make("button", { type: "button", title: word(spec, title), "data-inputs": name, "data-lm-suppress-shortcuts": "true", onclick: press }, word(spec, key));
    this.written = button("written", "tell_inputs", () => this.reset());
    this.copied = button("rerun", "tell_rerun", () => this.ask({ cell: true }));
    this.text = make("textarea", { class: "backward-cell", readonly: true, rows: "6", "aria-label": word(spec, "rerun"), hidden: true });
    const row = make("div", { class: "backward-buttons" }, this.written, this.copied);
    const some = spec.inputs.entries.length < spec.inputs.total ? this.picker() : null;
    const inner = spec.inputs.problem ? [make("p", { class: "backward-where" }, spec.inputs.problem)] : [some, row, this.text, this.said];
    this.element = make("div", { class: "backward-presets backward-given", role: "group", "aria-label": word(spec, "inputs") }, ...inner.filter(Boolean));
    this.collect();
    this.show(this.now);
  }

  // Where the values of the cards stand in the picture; each is called as Python writes it.
  collect() {
    for (const [id, cells] of Object.entries(this.now.cards)) {
      const card = this.svg?.querySelector(`[data-node="${CSS.escape(id)}"]`);
      const texts = [...(card?.querySelectorAll(".number.value") ?? [])];
      texts.forEach((text, place) => cells[place] && text.setAttribute("data-value", cells[place][0]));
      this.texts.set(id, texts);
    }
  }

  // What the kernel says of the inputs at present.
  show(now) {
    this.now = now;
    this.at = now.at ?? this.at;
    for (const [id, texts] of this.texts) {
      texts.forEach((text, place) => {
        const value = now.cards[id]?.[place]?.[1] ?? UNKNOWN;
        if (text.textContent !== value) text.textContent = value;
      });
    }
    this.said.replaceChildren(...now.said.map((each) => make("p", {}, each)));
    this.copied.hidden = !this.spec.code || (!now.moved && !now.said.length); // a block is no cell to run again
    this.text.hidden = true;
    this.press();
  }

  press() {
    this.written.setAttribute("aria-pressed", String(!this.now.moved && !this.waiting));
  }

  // Whether the kernel has yet to follow.
  get waiting() {
    const values = this.weights.values();
    return !values.every((value, place) => value === this.at[place]);
  }

  reset() {
    const { entries, total } = this.spec.inputs;
    if (entries.length < total) return this.ask({ written: true });
    this.weights.together((place) => this.weights.reset(place));
  }

  async copy(text) {
    this.text.value = text;
    try {
      await navigator.clipboard.writeText(text);
      this.copied.textContent = word(this.spec, "copied");
      setTimeout(() => (this.copied.textContent = word(this.spec, "rerun")), 4000);
    } catch {
      this.text.hidden = false; // the clipboard is closed: here it is, selected
      this.text.select();
    }
  }

  // More entries than sliders: type one to get a slider for it.
  picker() {
    const { spec } = this;
    const box = make("input", { type: "text", placeholder: spec.inputs.example, "aria-label": word(spec, "input_index", spec.inputs.example), "data-lm-suppress-shortcuts": "true" });
    const add = () => this.ask({ entry: box.value });
    const button = make("button", { type: "button", "data-lm-suppress-shortcuts": "true", onclick: add }, word(spec, "add"));
    box.addEventListener("keydown", (event) => event.key === "Enter" && add());
    this.box = box;
    return make("div", {}, make("p", { class: "backward-where" }, word(spec, "some_inputs", spec.inputs.entries.length, spec.inputs.total)), make("div", { class: "backward-pick" }, box, button));
  }

  answer(message) {
    if (message.what !== "inputs") return;
    if (message.cell !== undefined) this.copy(message.cell);
    else this.box?.setAttribute("aria-invalid", String(message.found === false));
  }
}
