// Guess the gradients: they are hidden until a number was typed or dragged; then how far off it was, and which path it left out.

import { make, put, word } from "./dom.js";
import { entry, number, parse } from "./number.js";
import { reach } from "./weights.js";

const CLOSE = 5e-3; // of the size: as near as a person calculates
const SURE = 0.1; // of what is missing: what explains it less well explains nothing
const MOST = 12; // paths of which every combination is tried; of more only each and each two
const STEPS = 200; // of the slider to either side

const near = (a, b) => Math.abs(a - b) <= Math.max(Math.abs(b) * CLOSE, 1e-9);

function* combinations(count, size, from = 0) {
  if (!size) return void (yield []);
  for (let first = from; first <= count - size; first += 1) for (const rest of combinations(count, size - 1, first + 1)) yield [first, ...rest];
}

// The fewest of these that a guess has left out, in every way in which they explain it; none where all were left out.
export function leftOut(values, guess) {
  const truth = values.reduce((sum, each) => sum + each, 0);
  const gap = truth - guess;
  const slack = Math.min(CLOSE * Math.max(Math.abs(guess), Math.abs(truth)), SURE * Math.abs(gap)) + 1e-6 * Math.max(...values.map(Math.abs), 0);
  const most = values.length > MOST ? 2 : values.length - 1;
  for (let size = 1; size <= most; size += 1) {
    const found = [...combinations(values.length, size)].filter((places) => Math.abs(places.reduce((sum, place) => sum + values[place], 0) - gap) <= slack);
    if (found.length) return found;
  }
  return [];
}

export class Quiz {
  static id = "quiz";
  static title = "Quiz";
  static early = true; // the numbers are hidden also where its drawer is closed

  // Only where it was asked for: a panel that shows its numbers has nothing to guess.
  static fits(spec) {
    return spec.opens === "quiz";
  }

  constructor(panel) {
    this.panel = panel;
    const { spec } = panel;
    panel.guessed ??= { names: new Set(), right: 0, all: false }; // what was answered stays so when the panel is drawn anew
    this.done = panel.guessed;
    this.asked = spec.parts.quiz.map(({ quantity, place, paths, held }) => {
      const { name, indices, shape, offset } = spec.quantities[quantity];
      return { name: entry(name, indices[place], shape), at: offset + place, paths, held };
    });
    this.question = make("p", { class: "backward-told" });
    this.input = make("input", { type: "text", inputmode: "decimal", autocomplete: "off", "data-lm-suppress-shortcuts": "true" });
    this.slider = make("input", { type: "range", step: "any", "data-lm-suppress-shortcuts": "true" });
    this.bounds = [make("span", { class: "backward-bounds", "aria-hidden": "true" }), make("span", { class: "backward-bounds", "aria-hidden": "true" })];
    for (const each of [this.input, this.slider]) each.addEventListener("keydown", (event) => event.key === "Enter" && this.check());
    this.slider.addEventListener("input", () => this.dragged());
    this.input.addEventListener("input", () => this.typed());
    const button = (text, act) => make("button", { type: "button", "data-lm-suppress-shortcuts": "true", onclick: act }, text);
    this.bar = make("div", { class: "backward-bar backward-guess" }, this.input, this.bounds[0], this.slider, this.bounds[1], button(word(spec, "check"), () => this.check()), button(word(spec, "tell_me"), () => this.tell("")), button(word(spec, "show_all"), () => this.end()));
    this.said = make("div", { class: "backward-verdict", role: "status" });
    this.score = make("p", { class: "backward-where" });
    this.element = make("div", { class: "backward-quiz" }, this.question, this.bar, this.said, this.score);
    this.hide();
    this.ask();
  }

  opened() {
    this.widen(0);
  }

  get left() {
    return this.asked.filter(({ name }) => !this.done.names.has(name));
  }

  // Hidden are all gradients but those that have been answered; closing the drawer does not show them.
  hide() {
    const { panel, done } = this;
    const { numbers, sentence, el } = panel;
    const open = new Set(this.asked.filter(({ name }) => done.names.has(name)).map(({ at }) => at));
    panel.quizzing = !done.all;
    numbers.hidden = sentence.numbers.hidden = done.all ? null : (place) => !open.has(place);
    sentence.numbers.collect(sentence.spelled);
    if (sentence.last) sentence.numbers.write(...sentence.last);
    el.classList.toggle("backward-quizzing", panel.quizzing);
    for (const cell of el.querySelectorAll(".backward-gradients td[data-at]")) cell.classList.toggle("backward-answered", open.has(Number(cell.dataset.at)));
    panel.renumber();
  }

  ask() {
    const { spec } = this.panel;
    const { left, done } = this;
    const [now] = left;
    this.bar.hidden = !now || done.all;
    this.score.textContent = word(spec, "score", done.right, this.asked.length) + (left.length ? word(spec, "to_go", left.length) : "");
    if (!now || done.all) return void this.end();
    this.question.replaceChildren(word(spec, "what_is"), make("b", {}, now.name), word(spec, "at_weights"));
    this.input.setAttribute("aria-label", word(spec, "your_guess", now.name));
    this.slider.setAttribute("aria-label", word(spec, "guess", now.name));
    this.input.value = "";
    this.widen(0);
    this.place(0);
    this.slider.classList.add("backward-unset");
  }

  // One range for all, so that it tells nothing of one; what is beyond it can be typed, and makes it wider.
  widen(least) {
    const sizes = [...this.asked.map(({ at }) => this.panel.shown?.[at] ?? 0), ...this.panel.spec.weights.map(({ high }) => high / 2), least, this.far / 2 || 0];
    this.far = reach(Math.max(...sizes.map(Math.abs).filter(Number.isFinite)));
    put(this.slider, "min", -this.far);
    put(this.slider, "max", this.far);
    put(this.slider, "step", this.step);
    [-this.far, this.far].map(number).forEach((bound, place) => this.bounds[place].textContent === bound || (this.bounds[place].textContent = bound));
  }

  get step() {
    return this.far / STEPS;
  }

  place(value) {
    this.slider.value = value;
    this.slider.setAttribute("aria-valuetext", this.input.value === "" ? word(this.panel.spec, "no_guess") : number(value));
  }

  dragged() {
    this.input.value = number(Number(this.slider.value));
    this.input.removeAttribute("aria-invalid");
    this.slider.classList.remove("backward-unset");
    this.place(this.slider.value);
    this.by = "slider";
  }

  typed() {
    const guess = parse(this.input.value);
    this.by = "box";
    this.slider.classList.toggle("backward-unset", !Number.isFinite(guess));
    if (!Number.isFinite(guess)) return;
    if (Math.abs(guess) > this.far) this.widen(guess);
    this.place(guess);
  }

  update() {
    this.widen(0); // the weights have moved
  }

  check() {
    const guess = parse(this.input.value);
    if (Number.isNaN(guess)) return void this.input.setAttribute("aria-invalid", "true");
    this.input.removeAttribute("aria-invalid");
    const { spec, shown } = this.panel;
    const [now] = this.left;
    const truth = shown[now.at];
    const off = Math.abs(guess - truth);
    // a slider is as exact as its steps, but 0 is not a small number
    if (near(guess, truth) || (this.by === "slider" && off <= this.step / 2 && guess * truth > 0)) {
      this.done.right += 1;
      return this.tell(word(spec, "right"));
    }
    const share = truth ? `${word(spec, "comma")}${number((100 * off) / Math.abs(truth))} %` : "";
    const told = [this.usual(guess, now, truth), this.missed(guess, now, truth)].filter(Boolean);
    this.said.replaceChildren(make("p", {}, word(spec, "off", number(off), share)), ...told.map((each) => make("p", {}, each)));
  }

  // What people often do: every weight 1, what was held forgotten, the sign turned.
  usual(guess, { at, held }, truth) {
    const { linear, spec } = this.panel;
    let ones = spec.complete ? linear.at(0, at) : NaN;
    for (let row = 1; row < linear.height; row += 1) ones += linear.at(row, at);
    if (near(guess, ones)) return word(spec, "usual_ones");
    if (held !== 0 && near(guess, truth - held)) return word(spec, "usual_held");
    if (near(guess, -truth)) return word(spec, "usual_sign");
    return "";
  }

  // The paths that a guess left out: those without which the others, and what was held, sum to it.
  missed(guess, { paths, held }, truth) {
    const { spec, v } = this.panel;
    const ways = (paths ?? []).map(({ names, by }) => ({ names, value: by.slice(1).reduce((sum, each, row) => sum + each * v[row], by[0]) })).filter(({ value }) => value !== 0);
    const values = ways.map(({ value }) => value);
    const total = values.reduce((sum, each) => sum + each, held);
    if (!ways.length || Math.abs(total - truth) > 1e-4 * Math.max(...values.map(Math.abs), Math.abs(held))) return null;
    const found = leftOut(held ? [...values, held] : values, guess);
    const named = new Map(found.map((places) => [places.map((place) => ways[place]?.names.join() ?? "").join(";"), places]));
    const [first, ...others] = named.values();
    if (!first) return make("span", { class: "backward-where" }, word(spec, ways.length === 1 ? "path_leads" : "paths_lead", ways.length));
    if (first.length === 1 && first[0] === ways.length && !others.length) return null; // what was held: `usual` says so
    const way = (place) => (place < ways.length ? make("span", { class: "backward-way" }, ways[place].names.join(" → ")) : word(spec, "what_it_held"));
    const listed = (places) => places.flatMap((place, index) => [index ? word(spec, "comma") : "", way(place)]);
    const ends = others.slice(0, 2).flatMap((places) => [word(spec, "or_path"), ...listed(places)]);
    return make("span", {}, word(spec, first.length === 1 ? "leaves_path" : "leaves_paths"), ...listed(first), ...ends, others.length > 2 ? word(spec, "or_more", others.length - 2) : "", word(spec, "full_stop"));
  }

  // The number is shown, and the next is asked for.
  tell(verdict) {
    const [now] = this.left;
    this.done.names.add(now.name);
    this.said.replaceChildren(make("p", {}, verdict ? make("b", {}, `${verdict}${word(this.panel.spec, "colon")}`) : "", `${now.name} = ${number(this.panel.shown[now.at])}`));
    this.hide();
    this.ask();
  }

  end() {
    this.done.all = true;
    this.bar.hidden = true;
    this.question.textContent = word(this.panel.spec, "all_shown");
    this.hide();
  }
}
