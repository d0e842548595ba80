// The backward pass, card by card, in the order in which it runs: gradient in, local rule, gradients out.

import { make, moving, word } from "./dom.js";
import { entry } from "./number.js";

const PACE = 1100; // milliseconds for each step of "play"
const ENTRIES = 6; // of a gradient that are written out

export class Steps {
  static id = "steps";
  static title = "Steps";

  constructor(panel) {
    this.panel = panel;
    this.steps = panel.spec.parts.steps;
    this.at = 0;
    this.timer = 0;
    this.said = make("div", { class: "backward-step", "aria-live": "polite" });
    const button = (label, sign, act) => make("button", { type: "button", "aria-label": label, title: label, "data-lm-suppress-shortcuts": "true", onclick: act }, sign);
    this.player = button(word(this.panel.spec, "play"), word(this.panel.spec, "play"), () => this.play());
    this.scrubber = make("input", { type: "range", min: 0, max: this.steps.length - 1, value: 0, step: 1, "aria-label": word(this.panel.spec, "step_of"), "data-lm-suppress-shortcuts": "true" });
    this.scrubber.addEventListener("input", () => (this.stop(), this.go(Number(this.scrubber.value))));
    this.count = make("span", { class: "backward-where" });
    const bar = make("div", { class: "backward-player" }, button(word(this.panel.spec, "step_first"), "|◀", () => this.jump(0)), button(word(this.panel.spec, "step_back"), "◀", () => this.jump(this.at - 1)), this.player, button(word(this.panel.spec, "step_forward"), "▶", () => this.jump(this.at + 1)), this.scrubber, this.count);
    this.element = make("div", { class: "backward-steps" }, bar, this.said);
  }

  opened() {
    this.go(this.at);
  }

  closed() {
    this.stop();
    this.panel.picture.walk(null);
  }

  // A click on a card goes to its step.
  pick(id) {
    const place = this.steps.findIndex(({ node }) => node === id);
    if (place >= 0) this.jump(place);
  }

  jump(place) {
    this.stop();
    this.go(place);
  }

  play() {
    if (this.timer) return this.stop();
    if (this.at === this.steps.length - 1) this.go(0);
    this.player.textContent = word(this.panel.spec, "pause");
    this.player.setAttribute("aria-label", word(this.panel.spec, "pause"));
    this.timer = setInterval(() => (this.at === this.steps.length - 1 || !this.element.isConnected ? this.stop() : this.go(this.at + 1)), PACE);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.player.textContent = word(this.panel.spec, "play");
    this.player.setAttribute("aria-label", word(this.panel.spec, "play"));
  }

  go(place) {
    this.at = Math.min(Math.max(place, 0), this.steps.length - 1);
    const step = this.steps[this.at];
    this.scrubber.value = this.at;
    this.scrubber.setAttribute("aria-valuetext", word(this.panel.spec, "step_n", this.at + 1, step.name));
    this.count.textContent = `${this.at + 1} / ${this.steps.length}`;
    this.panel.picture.walk(new Set(this.steps.slice(0, this.at + 1).map(({ node }) => node)), step.node, step.outs.map(({ edge }) => edge));
    this.panel.picture.reveal(step.node);
    this.said.replaceChildren(...this.write(step));
    this.panel.renumber();
  }

  write(step) {
    const head = make("p", { class: "backward-step-title" }, make("b", {}, step.name), step.source ? make("code", {}, step.source) : null, step.op ? make("span", { class: "backward-where" }, step.op) : null);
    const rows = [];
    const row = (label, ...parts) => rows.push(make("tr", {}, make("th", { scope: "row" }, label), make("td", {}, ...parts)));
    if (step.kind === "leaf") {
      this.sum(row, word(this.panel.spec, "arrives"), step.ins, null);
      if (step.held) row(word(this.panel.spec, "held"), step.held);
      if (step.grad !== null) row(step.held ? word(this.panel.spec, "held_new") : ".grad", this.numbers(step.grad));
      return [head, make("table", {}, ...rows)];
    }
    if (step.output) row(word(this.panel.spec, "starts_with_v"), this.numbers(step.grad));
    else this.sum(row, word(this.panel.spec, "gradient_in"), step.ins, step.grad);
    step.rules.forEach((rule, place) => row(place ? "" : word(this.panel.spec, "local_rule"), make("span", { class: "backward-rule" }, rule)));
    for (const { quantity, to } of step.outs) row(word(this.panel.spec, "out_to", to), quantity === null ? word(this.panel.spec, "not_shown") : this.numbers(quantity));
    return [head, make("table", {}, ...rows)];
  }

  // Where paths meet, what each brought, and their sum.
  sum(row, label, ins, total) {
    const known = ins.filter(({ quantity }) => quantity !== null);
    if (known.length < 2) return row(label, this.numbers(total ?? known[0]?.quantity ?? null));
    known.forEach(({ quantity, from }, place) => row(place ? word(this.panel.spec, "plus_from", from) : word(this.panel.spec, "from", label, from), this.numbers(quantity)));
    if (total !== null) row(word(this.panel.spec, "their_sum"), this.numbers(total));
  }

  numbers(which) {
    if (which === null) return "—";
    const { name, shape, indices, offset } = this.panel.spec.quantities[which];
    const cells = indices.slice(0, ENTRIES).map((flat, place) => moving("span", entry(name, flat, shape), { at: offset + place, class: "backward-entry" }));
    return make("span", { class: "backward-entries" }, ...cells, indices.length > ENTRIES || shape.reduce((a, b) => a * b, 1) > indices.length ? "…" : null);
  }
}
