// Guess the gradients: they are hidden until a number was typed or dragged; then how far off it was, and which path it left out.

import { make, put, word } from "./dom.js";
import { entry, number, parse, same } from "./number.js";
import { reach } from "./weights.js";

const CLOSE = 5e-3; // of the size: as near as a person calculates
const SURE = 0.1; // of what is missing: what explains it less well explains nothing
const MOST = 12; // paths of which every combination is tried; of more only each and each two
const STEPS = 200; // of the slider to either side
const AGAIN = 100; // milliseconds until the kernel is asked again, where a move came in between
const TOLD = 4; // weights that are listed

const near = (a, b) => Object.is(a, b) || (Number.isFinite(b) && Math.abs(a - b) <= Math.max(Math.abs(b) * CLOSE, 1e-9));

// What a person typed: a number, or what else a gradient may be; null for anything else.
export function guessed(text) {
  const plain = text.trim().replaceAll("\u2212", "-").toLowerCase();
  if (plain === "nan") return NaN;
  const found = /^([+-]?)(?:inf|infinity|\u221e)$/.exec(plain);
  if (found) return found[1] === "-" ? -Infinity : Infinity;
  const value = parse(text);
  return Number.isFinite(value) ? value : null;
}

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
    this.read();
    this.question = make("p", { class: "backward-told" });
    this.input = make("input", { type: "text", inputmode: "decimal", autocomplete: "off", "data-lm-suppress-shortcuts": "true" });
    this.slider = make("input", { type: "range", step: "any", "data-lm-suppress-shortcuts": "true" });
    this.bounds = [make("span", { class: "backward-bounds", "aria-hidden": "true" }), make("span", { class: "backward-bounds", "aria-hidden": "true" })];
    for (const each of [this.input, this.slider]) each.addEventListener("keydown", (event) => event.key === "Enter" && this.check());
    this.slider.addEventListener("input", () => this.dragged());
    this.input.addEventListener("input", () => this.typed());
    const button = (text, act) => make("button", { type: "button", "data-lm-suppress-shortcuts": "true", onclick: act }, text);
    this.bar = make("div", { class: "backward-bar backward-guess" }, this.input, this.bounds[0], this.slider, this.bounds[1], button(word(spec, "check"), () => this.check()), button(word(spec, "tell_me"), () => this.learn({ name: this.left[0].name })), button(word(spec, "show_all"), () => this.end()));
    this.said = make("div", { class: "backward-verdict", role: "status" });
    this.score = make("p", { class: "backward-where" });
    this.element = make("div", { class: "backward-quiz" }, this.question, this.bar, this.said, this.score);
    this.hide();
    this.ask();
    const { wish } = this.done;
    if (!wish) return;
    this.input.value = wish.text ?? ""; // a panel drawn anew still owes an answer
    this.say(word(spec, "asking"));
  }

  read() {
    const { quantities, parts } = this.panel.spec;
    this.asked = parts.quiz.map(({ quantity, place, ...judged }) => {
      const { name, indices, shape, offset } = quantities[quantity];
      return { name: entry(name, indices[place], shape), at: offset + place, ...judged };
    });
  }

  // Other inputs: the same questions, and what was typed is still to be judged.
  renew() {
    this.read();
    this.hide();
    this.forget();
    return this;
  }

  opened() {
    this.update();
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
    const guess = guessed(this.input.value) ?? NaN;
    this.by = "box";
    this.slider.classList.toggle("backward-unset", !Number.isFinite(guess));
    if (!Number.isFinite(guess)) return;
    if (Math.abs(guess) > this.far) this.widen(guess);
    this.place(guess);
  }

  update() {
    this.widen(0); // the weights have moved
    if (!same(this.spoken ?? [], this.panel.v ?? [])) this.forget();
    this.resume();
  }

  // What was said of a guess was said of other numbers than there are now.
  forget() {
    if (!this.done.wish) this.said.replaceChildren();
  }

  check() {
    const guess = guessed(this.input.value);
    this.input.removeAttribute("aria-invalid");
    if (guess === null) {
      this.input.setAttribute("aria-invalid", "true");
      return this.say(this.input.value.trim() ? word(this.panel.spec, "one_number") : "");
    }
    this.learn({ name: this.left[0].name, guess, slid: this.by === "slider", text: this.input.value });
  }

  // What is right is in the rows, or only the kernel knows; `wish` has a guess, or wants to be told.
  learn(wish) {
    const { panel, done } = this;
    const { spec, v, shown } = panel;
    const now = this.asked.find(({ name }) => name === wish.name);
    done.wish = wish;
    wish.v = v;
    if (panel.given?.waiting) return this.say(word(spec, "asking")); // the inputs have moved: their rows are on the way
    if (!spec.linear && spec.live) {
      wish.asked = true;
      panel.ask("quiz", { name: wish.name, v });
      return this.say(word(spec, "asking"));
    }
    done.wish = null;
    const stood = spec.weights.map(({ anchors }) => anchors[0][1]);
    if (!spec.linear && !same(stood, v)) return this.say(word(spec, "only_saved", this.listed(stood)));
    this.judge(wish, { truth: shown[now.at], ...now });
  }

  // The kernel's answer; to other weights than there are by now it is asked again.
  answer(message) {
    const { wish } = this.done;
    if (message.what !== "quiz" || !wish || message.name !== wish.name) return;
    if (!same(wish.v, this.panel.v)) return this.learn(wish);
    if (message.moved) return void setTimeout(() => this.done.wish === wish && this.learn(wish), AGAIN);
    this.done.wish = null;
    if (message.error) return this.say(message.error);
    const { at } = this.asked.find(({ name }) => name === wish.name);
    this.judge(wish, { at, ...message, truth: Number(message.truth) });
  }

  // What waited for the inputs.
  resume() {
    const { wish } = this.done;
    if (wish && !wish.asked && !this.panel.given?.waiting && this.panel.shown) this.learn(wish);
  }

  listed(v) {
    const { spec } = this.panel;
    const told = spec.weights.slice(0, TOLD).map(({ name }, place) => `${name} = ${number(v[place])}`);
    return told.join(word(spec, "comma")) + (v.length > TOLD ? " …" : "");
  }

  say(text, ...more) {
    this.spoken = this.panel.v;
    this.said.replaceChildren(...(text ? [text, ...more].map((each) => make("p", {}, each)) : []));
  }

  judge({ guess, slid }, right) {
    const { truth, why } = right;
    const { spec } = this.panel;
    if (guess === undefined) return this.tell("", right);
    const off = Math.abs(guess - truth);
    // a slider is as exact as its steps, but 0 is not a small number
    if (near(guess, truth) || (slid && off <= this.step / 2 && guess * truth > 0)) {
      this.done.right += 1;
      return this.tell(word(spec, "right"), right);
    }
    if (!Number.isFinite(truth)) return this.say(word(spec, Number.isFinite(guess) ? "off_infinite" : "off_other", number(guess)));
    if (!Number.isFinite(guess)) return this.say(word(spec, "off_finite"));
    const share = truth ? `${word(spec, "comma")}${number((100 * off) / Math.abs(truth))} %` : "";
    const told = [this.usual(guess, right, truth), why ? make("span", { class: "backward-where" }, why) : this.missed(guess, right, truth)].filter(Boolean);
    this.say(word(spec, "off", number(off), share), ...told);
  }

  // What people often do: every weight 1, what was held forgotten, the sign turned.
  usual(guess, { at, held }, truth) {
    const { linear, spec } = this.panel;
    let ones = spec.complete && spec.linear ? linear.at(0, at) : NaN;
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
  tell(verdict, { at, name, truth }) {
    const { panel, done } = this;
    done.names.add(name);
    panel.shown[at] = truth;
    if (panel.spec.live) panel.ask("quiz", { name, told: true });
    this.say(make("span", {}, verdict ? make("b", {}, `${verdict}${word(panel.spec, "colon")}`) : "", `${name} = ${number(truth)}`));
    this.hide();
    this.ask();
  }

  end() {
    if (!this.done.all && this.panel.spec.live) this.panel.ask("quiz", { all: true }); // who draws what was left out
    this.done.all = true;
    this.done.wish = null;
    this.bar.hidden = true;
    this.question.textContent = word(this.panel.spec, "all_shown");
    this.hide();
  }
}
