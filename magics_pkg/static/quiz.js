// Guess the gradients: they are hidden until a number was typed; then how far off it was, and which path it left out.

import { make, word } from "./dom.js";
import { entry, number } from "./number.js";

const CLOSE = 5e-3; // of the size: as near as a person calculates
const MOST = 12; // paths that are tried in every combination

export class Quiz {
  static id = "quiz";
  static title = "Quiz";

  // Only where it was asked for: a panel that shows its numbers has nothing to guess.
  static fits(spec) {
    return spec.opens === "quiz";
  }

  constructor(panel) {
    this.panel = panel;
    this.left = panel.spec.parts.quiz.map(({ quantity, place }) => ({ ...panel.spec.quantities[quantity], quantity, place }));
    this.count = this.left.length;
    this.right = 0;
    this.shownAll = false;
    this.question = make("p", { class: "backward-told" });
    this.input = make("input", { type: "text", inputmode: "decimal", autocomplete: "off", "data-lm-suppress-shortcuts": "true" });
    this.input.addEventListener("keydown", (event) => event.key === "Enter" && this.check());
    const button = (text, act) => make("button", { type: "button", "data-lm-suppress-shortcuts": "true", onclick: act }, text);
    this.bar = make("div", { class: "backward-bar backward-guess" }, this.input, button(word(this.panel.spec, "check"), () => this.check()), button(word(this.panel.spec, "tell_me"), () => this.tell("")), button(word(this.panel.spec, "show_all"), () => this.end()));
    this.said = make("div", { class: "backward-verdict", role: "status" });
    this.score = make("p", { class: "backward-where" });
    this.element = make("div", { class: "backward-quiz" }, this.question, this.bar, this.said, this.score);
  }

  opened() {
    if (!this.shownAll) this.hide();
    this.ask();
  }

  // Hidden are all gradients but those that have been answered; closing the drawer does not show them.
  hide() {
    const { numbers, sentence, el } = this.panel;
    const open = new Set(this.panel.spec.parts.quiz.filter((asked) => !this.left.some((each) => each.quantity === asked.quantity && each.place === asked.place)).map(({ quantity, place }) => this.panel.spec.quantities[quantity].offset + place));
    numbers.hidden = sentence.numbers.hidden = this.shownAll ? null : (place) => !open.has(place);
    sentence.numbers.collect(sentence.spelled);
    if (sentence.last) sentence.numbers.write(...sentence.last);
    el.closest(".backward-panel")?.classList.toggle("backward-quizzing", !this.shownAll);
    this.panel.renumber();
  }

  ask() {
    const [now] = this.left;
    this.bar.hidden = !now || this.shownAll;
    this.score.textContent = word(this.panel.spec, "score", this.right, this.count) + (this.left.length ? word(this.panel.spec, "to_go", this.left.length) : "");
    if (!now) return void this.end();
    const name = entry(now.name, now.indices[now.place], now.shape);
    this.question.replaceChildren(word(this.panel.spec, "what_is"), make("b", {}, name), word(this.panel.spec, "at_weights"));
    this.input.setAttribute("aria-label", word(this.panel.spec, "your_guess", name));
    this.input.value = "";
  }

  check() {
    const guess = Number(this.input.value.replace("−", "-").replace(",", "."));
    if (this.input.value.trim() === "" || Number.isNaN(guess)) return void this.input.setAttribute("aria-invalid", "true");
    this.input.removeAttribute("aria-invalid");
    const [now] = this.left;
    const truth = this.panel.shown[now.offset + now.place];
    const near = Math.abs(guess - truth) <= Math.max(Math.abs(truth) * CLOSE, 1e-9);
    if (near) {
      this.right += 1;
      return this.tell(word(this.panel.spec, "right"));
    }
    const off = Math.abs(guess - truth);
    const share = truth ? `, ${number((100 * off) / Math.abs(truth))} %` : "";
    this.guess = guess;
    if (this.panel.spec.live) this.panel.ask("paths", { quantity: now.quantity, row: null, column: now.indices[now.place] });
    this.said.replaceChildren(make("p", {}, word(this.panel.spec, "off", number(off), share)), make("p", {}, this.usual(guess, now, truth)));
  }

  // What people often do: every weight 1, what was held forgotten, the sign turned.
  usual(guess, now, truth) {
    const { linear, spec } = this.panel;
    const at = now.offset + now.place;
    const same = (a, b) => Math.abs(a - b) <= Math.max(Math.abs(b) * CLOSE, 1e-9);
    let ones = spec.complete ? linear.at(0, at) : NaN;
    for (let row = 1; row < linear.height; row += 1) ones += linear.at(row, at);
    if (same(guess, ones)) return word(spec, "usual_ones");
    if (spec.complete && linear.at(0, at) !== 0 && same(guess, truth - linear.at(0, at))) return word(spec, "usual_held");
    if (same(guess, -truth)) return word(spec, "usual_sign");
    return "";
  }

  // The paths that a guess left out: those without which the others sum to it.
  answer(message) {
    if (message.what !== "paths" || message.row !== null || this.guess === undefined || !message.paths.length) return;
    const values = message.paths.map(({ value }) => Number(value));
    const missed = this.missed(values, this.guess);
    this.guess = undefined;
    const way = ({ names }) => make("span", { class: "backward-way" }, names.join(" → "));
    if (missed?.length && missed.length < values.length) this.said.append(make("p", {}, word(this.panel.spec, missed.length === 1 ? "leaves_path" : "leaves_paths"), ...missed.flatMap((place, index) => [index ? ", " : "", way(message.paths[place])]), "."));
    else this.said.append(make("p", { class: "backward-where" }, word(this.panel.spec, values.length === 1 ? "path_leads" : "paths_lead", values.length)));
  }

  missed(values, guess) {
    if (values.length > MOST) return null;
    const size = Math.max(...values.map(Math.abs), 1e-9);
    let best = null;
    for (let mask = 0; mask < 2 ** values.length; mask += 1) {
      const out = values.map((_, place) => place).filter((place) => mask & (1 << place));
      const sum = values.reduce((total, value, place) => total + (mask & (1 << place) ? 0 : value), 0);
      if (Math.abs(sum - guess) <= size * CLOSE && (!best || out.length < best.length)) best = out;
    }
    return best;
  }

  // The number is shown, and the next is asked for.
  tell(verdict) {
    const now = this.left.shift();
    const name = entry(now.name, now.indices[now.place], now.shape);
    this.said.replaceChildren(make("p", {}, verdict ? make("b", {}, `${verdict}: `) : "", `${name} = ${number(this.panel.shown[now.offset + now.place])}`));
    this.hide();
    this.ask();
  }

  end() {
    this.shownAll = true;
    this.bar.hidden = true;
    this.question.textContent = word(this.panel.spec, "all_shown");
    this.hide();
  }
}
