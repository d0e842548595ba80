// The cell's code, and beside it one card looked into: what is in it, and what the library says of it.

import { make, moving, word } from "./dom.js";
import { Heat } from "./heat.js";
import { entry, number } from "./number.js";
import { Source } from "./source.js";

const SMALL = 24; // numbers that are written out
const IN_A_ROW = 8; // and in one row
const PAUSE = 150; // milliseconds after a move before a large gradient is asked for anew
const PATIENCE = 1500; // and after a question before its answer is missed
const FLAGS = ["requires_grad", "is_leaf", "retains_grad", "is_view"];

const sizes = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
const total = (shape) => shape.reduce((count, size) => count * size, 1);

export class Inspect {
  static id = "inspect";
  static title = "Inspect";

  constructor(panel) {
    const { spec } = panel;
    this.panel = panel;
    this.cards = spec.parts.inspect.cards;
    this.answers = spec.parts.inspect.answers;
    this.pinned = null;
    this.timers = [];
    this.moves = []; // what is painted anew after each move
    this.source = spec.code ? new Source(spec, (ids, around) => panel.picture.mark(ids, around), (ids) => this.choose(ids), panel.built.signal) : null;
    this.said = make("div", { class: "backward-inside", "aria-live": "polite" });
    this.element = make("div", { class: "backward-inspect" }, this.source?.element, this.said);
    panel.el.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Escape" || this.pinned === null || !this.element.isConnected) return;
        event.stopPropagation();
        this.pin(null);
      },
      { signal: panel.built.signal },
    );
    this.pin(this.known(panel.inspected));
  }

  // The panel was drawn anew: the card that was looked into may have another id now.
  known(was) {
    if (!was) return null;
    const same = (card) => card && !card.of && ["name", "op", "source", "line"].every((each) => card[each] === was.card[each]);
    return same(this.cards[was.id]) ? was.id : (Object.keys(this.cards).find((id) => same(this.cards[id])) ?? null);
  }

  opened() {
    this.pin(this.pinned);
  }

  closed() {
    this.timers.forEach(clearTimeout);
    this.panel.picture.pin(null);
    this.panel.picture.mark([]);
  }

  light(id) {
    this.source?.light(id);
  }

  pick(id) {
    this.pin(id === this.pinned ? null : id);
  }

  // Of several cards that one piece of code made each click takes the next.
  choose(ids) {
    const own = ids.filter((id) => !this.cards[id].of);
    this.pin(own[own.indexOf(this.pinned) + 1] ?? null);
  }

  pin(id) {
    this.pinned = id;
    this.panel.inspected = id === null ? null : { id, card: this.cards[id] };
    this.panel.picture.pin(id);
    if (id !== null) this.panel.picture.reveal(id);
    this.source?.pin(id);
    if (id !== null && this.panel.spec.live && !this.answers[id]) this.ask({ node: id });
    this.draw(this.answers[id]);
  }

  ask(what) {
    this.timers.forEach(clearTimeout);
    this.panel.ask("inspect", what);
    this.timers = [setTimeout(() => this.waiting && (this.waiting.textContent = word(this.panel.spec, "no_answer")), PATIENCE)];
  }

  answer(message) {
    if (message.what !== "inspect" || message.node !== this.pinned) return;
    this.timers.forEach(clearTimeout);
    if (message.facts) return this.draw(message);
    this.large?.show(this.read(message.gradient.numbers));
  }

  update(shown) {
    for (const paint of this.moves) paint(shown);
    if (!this.large || !this.panel.spec.live) return;
    this.timers.forEach(clearTimeout);
    this.timers = [setTimeout(() => this.ask({ node: this.pinned, only: "gradient" }), PAUSE)];
  }

  draw(answer) {
    this.moves = [];
    this.large = this.waiting = null;
    const card = this.cards[this.pinned];
    if (!card) return this.said.replaceChildren(make("p", { class: "backward-where" }, word(this.panel.spec, "inspect_empty")));
    const where = [card.op, card.line ? word(this.panel.spec, "line", card.line) : "", card.operations ? word(this.panel.spec, "n_operations", card.operations) : "", card.count > 1 ? word(this.panel.spec, "n_times", card.count) : ""].filter(Boolean);
    const head = make("p", { class: "backward-step-title" }, make("b", {}, card.name), card.source && card.source !== card.name ? make("code", {}, card.source) : null, ...where.map((text) => make("span", { class: "backward-where" }, text)));
    const rows = [];
    const row = (label, ...parts) => rows.push(make("tr", {}, make("th", { scope: "row" }, label), make("td", {}, ...parts)));
    const device = answer?.facts.device;
    row(word(this.panel.spec, "tensor"), make("code", {}, sizes(card.shape)), ` ${card.dtype}`, device ? ` ${word(this.panel.spec, "on", device)}` : "");
    if (answer) this.tell(row, card, answer);
    else row("", (this.waiting = make("span", { class: "backward-where" }, this.panel.spec.live ? word(this.panel.spec, "asking") : word(this.panel.spec, "not_here"))));
    if (card.note) row(word(this.panel.spec, "note"), card.note);
    this.said.replaceChildren(head, make("table", {}, ...rows));
    this.panel.renumber();
    if (this.panel.shown) for (const paint of this.moves) paint(this.panel.shown);
  }

  tell(row, card, { value, gradient, local, saved, facts }) {
    row(word(this.panel.spec, "value"), this.numbers(card.name, card.shape, value), value.note ? make("p", { class: "backward-where" }, value.note) : null);
    if (card.grad !== null) row(word(this.panel.spec, "gradient"), this.gradient(card, gradient));
    (card.rules ?? []).forEach((rule, place) => row(place ? "" : word(this.panel.spec, "local_derivative"), make("span", { class: "backward-rule" }, rule)));
    for (const each of local ?? []) row(word(this.panel.spec, "by", each.to), this.derivative(each));
    if (saved) row(word(this.panel.spec, "saved"), this.kept(saved));
    if (facts.version !== undefined) {
      const { version, made } = facts;
      const then = word(this.panel.spec, facts.is_leaf ? "when_ran" : "when_made");
      row(word(this.panel.spec, "version"), version === made ? word(this.panel.spec, "version_as", version, then) : word(this.panel.spec, "version_now", version, made, then));
    }
    if (facts.is_leaf !== undefined) {
      row("", ...FLAGS.filter((name) => facts[name] !== undefined).map((name) => make("span", { class: "backward-flag" }, make("code", {}, name), ` ${facts[name] ? "True" : "False"}`)));
    }
    if (facts.hooks) row(word(this.panel.spec, "hooks"), facts.hooks.length ? facts.hooks.join(", ") : word(this.panel.spec, "none"));
  }

  kept({ tensors, freed }) {
    if (!tensors.length) return make("span", {}, word(this.panel.spec, freed ? "freed" : "nothing"));
    const each = tensors.map(({ name, shape, dtype, by }) => make("span", { class: "backward-flag" }, by ? `${by} ` : "", make("code", {}, name), ` ${sizes(shape)} ${dtype}`));
    return make("span", {}, ...each, freed ? make("span", { class: "backward-where" }, word(this.panel.spec, "freed_by_pass")) : null);
  }

  derivative(each) {
    if (each.kind === "none") return make("span", { class: "backward-where" }, each.why);
    if (each.kind === "matrix") return this.grid(this.read(each.numbers).map((value) => number(value)), each.width);
    return this.numbers(`∂/∂${each.to}`, each.shape, each);
  }

  // A gradient that the page knows whole moves with the sliders; of a larger one the kernel tells.
  gradient(card, answered) {
    const { name, shape, indices, offset } = this.panel.spec.quantities[card.grad];
    const whole = indices.length === total(shape);
    if (!whole && answered) {
      const made = this.numbers(name, shape, answered, true);
      return made;
    }
    const rest = whole ? null : make("p", { class: "backward-where" }, word(this.panel.spec, "first_of_page", indices.length, total(shape)));
    if (indices.length <= SMALL) {
      const cells = indices.map((flat, place) => moving("span", entry(name, flat, shape), { at: offset + place }));
      return make("div", {}, this.grid(cells, shape.length > 1 ? shape.at(-1) : IN_A_ROW), rest);
    }
    const heat = new Heat(this.panel.spec, name, shape, indices, offset);
    this.moves.push((shown) => heat.show([...shown.subarray(offset, offset + indices.length)]));
    return make("div", {}, heat.element, rest);
  }

  numbers(name, shape, { numbers, places, size, low, high }, moves = false) {
    const values = this.read(numbers);
    if (size === 0) return make("span", { class: "backward-where" }, word(this.panel.spec, "empty"));
    if (values.length <= SMALL && !places) {
      const more = values.length < size ? make("p", { class: "backward-where" }, word(this.panel.spec, "first_of", values.length, size)) : null;
      return make("div", {}, this.grid(values.map((each) => number(each)), shape.length > 1 ? shape.at(-1) : IN_A_ROW), more);
    }
    const heat = new Heat(this.panel.spec, name, shape, places ?? values.map((_, place) => place));
    heat.show(values);
    if (moves) this.large = heat;
    const rest = places ? make("p", { class: "backward-where" }, word(this.panel.spec, "stretches", values.length, size, number(low), number(high))) : null;
    return make("div", {}, heat.element, rest);
  }

  grid(cells, width) {
    const across = Math.min(Math.max(width, 1), IN_A_ROW);
    const rows = [];
    for (let from = 0; from < cells.length; from += across) rows.push(make("tr", {}, ...cells.slice(from, from + across).map((each) => make("td", {}, each))));
    return make("table", { class: "backward-entries-grid" }, make("tbody", {}, ...rows));
  }

  read(numbers) {
    return numbers.map(Number);
  }
}
