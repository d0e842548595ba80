// The panel: listens to the sliders' models, computes, patches; shows what the kernel says of the same v.

import { Copy } from "./copy.js";
import { make, word } from "./dom.js";
import { Drawers } from "./drawers.js";
import { Folds } from "./folds.js";
import { Given } from "./given.js";
import { Inspect } from "./inspect.js";
import { Jacobian } from "./jacobian.js";
import { Layers } from "./layers.js";
import { Linear, floats } from "./linear.js";
import { same } from "./number.js";
import { Numbers } from "./numbers.js";
import { Passes } from "./passes.js";
import { Picture } from "./picture.js";
import { Presets } from "./presets.js";
import { Quiz } from "./quiz.js";
import { SEARCHED, Search, cardOf } from "./search.js";
import { Sentence } from "./sentence.js";
import { Steps } from "./steps.js";
import { expectView, replaceStill } from "./still.js";
import { Tables } from "./tables.js";
import { Tree } from "./tree.js";
import { Weights, adopt } from "./weights.js";

const DRAWERS = [Inspect, Steps, Passes, Jacobian, Quiz]; // in the order of their tabs

export class Panel {
  constructor(model, el, host, signal) {
    Object.assign(this, { model, el, host, signal });
    this.numbers = new Numbers();
    this.truth = null;
    this.built = new AbortController();
    signal.addEventListener("abort", () => this.built.abort());
    model.on("change:spec", () => this.build());
    model.on("change:truth", () => this.hear());
    model.on("change:given", () => this.follow());
    model.on("change:state", () => this.tell());
    model.on("change:message", () => this.tell());
    model.on("msg:custom", (message) => {
      if (message?.kind !== "answer") return;
      this.drawers?.answer(message);
      this.search?.answer(message);
      this.given?.answer(message);
    });
  }

  // Draws everything from the model's traits; again when the kernel sends other rows or other sliders.
  async build() {
    this.opens = this.drawers ? (this.drawers.open?.kind.id ?? "") : undefined; // what is open stays open
    this.built.abort();
    this.built = new AbortController();
    const { signal } = this.built;
    const spec = this.model.get("spec");
    const found = (name) => Promise.all((this.model.get(name) ?? []).map((reference) => this.host.getModel(reference)));
    const [models, inputs] = await Promise.all([found("sliders"), found("inputs")]);
    if (signal.aborted) return;
    const last = spec.quantities.at(-1);
    const count = last ? last.offset + last.indices.length : 0;
    this.spec = spec;
    this.linear = new Linear(floats(this.model.get("rows")), floats(this.model.get("shape")), count, spec.quantities.length);
    this.weights = new Weights(models, spec);
    this.shown = undefined;
    this.truth = null;
    this.weights.changed = () => this.update();
    this.inputs = inputs;
    this.draw(signal);
    const listen = (each, change) => {
      each.on("change:value", change);
      signal.addEventListener("abort", () => each.off("change:value", change));
    };
    for (const each of models) listen(each, () => this.weights.setting || this.update());
    for (const each of inputs) listen(each, () => this.tell());
    this.follow();
    this.hear();
    this.update();
    this.tell();
    this.labels?.forEach((label) => label()); // new sliders may have been drawn before their names were known
    this.find();
    const { sought } = this;
    this.sought = null;
    if (sought) this.seek(sought);
  }

  draw(signal) {
    const { spec, linear } = this;
    // The figure stays when the graph is folded in another way: what is in view stays in view.
    this.figure ??= make("div", { class: "backward-drawing", tabindex: "-1" });
    this.folds ??= spec.live ? new Folds(this.figure, spec, (message) => this.model.send(message)) : null;
    const { figure } = this;
    const scrolled = [figure.scrollLeft, figure.scrollTop];
    this.picture = new Picture(figure, this.model.get("svg"), spec, linear, spec.weights.map((each) => each.anchors[0][1]), signal);
    this.sentence = new Sentence(spec, linear);
    this.tables = new Tables(spec, linear, signal);
    this.presets = new Presets(spec, this.weights, (message) => this.model.send(message));
    this.drawers?.end();
    this.drawers = new Drawers(this, DRAWERS, signal);
    this.picture.onlight = (id) => this.drawers.light(id);
    this.picture.onpick = (id) => this.drawers.pick(id);
    this.message = make("p", { class: "backward-message", role: "status" });
    const notes = spec.notes.map((text) => make("li", {}, text));
    const drawn = this.model.get("svg") || spec.text;
    this.search = spec.operations > SEARCHED && drawn ? new Search(this, signal) : null;
    const layers = new Layers(this).element;
    const copy = this.model.get("svg") ? new Copy(figure, spec).element : null;
    const graph = drawn ? make("figure", { class: "backward-graph" }, make("h3", { class: "backward-title" }, word(spec, "graph")), layers, copy, this.search?.element, figure, this.text()) : null;
    const foot = make("footer", { class: "backward-notes" }, this.message, notes.length ? make("ul", {}, ...notes) : null);
    const moving = spec.still ? [] : [this.sentence.element, this.presets.element]; // no v: nothing moves
    this.given = spec.inputs ? new Given(spec, this.inputs, figure.querySelector("svg"), (asked) => this.ask("inputs", asked)) : null;
    const tables = spec.still && !spec.leaves.length ? null : this.tables.element;
    this.el.replaceChildren(...[...moving, this.given?.element, graph, tables, this.drawers.element, foot].filter(Boolean));
    [figure.scrollLeft, figure.scrollTop] = scrolled;
    this.picture.wire(this.folds);
    this.picture.fit();
    this.numbers.collect(this.el);
    const point = (event) => {
      const number = event.target.closest?.("[data-at]");
      if (number) this.sentence.show(Number(number.dataset.at));
    };
    for (const kind of ["pointerover", "focusin"]) this.el.addEventListener(kind, point, { signal });
    this.drawers.begin();
    this.drawers.choose(this.opens ?? (spec.opens || (spec.live ? "" : "inspect"))); // a page has the code nowhere else
  }

  // Brings a card into view and looks into it.
  seek(found) {
    const id = cardOf(this.spec.parts.inspect?.cards ?? {}, found);
    if (id === null) return;
    this.drawers.choose("inspect");
    if (this.drawers.shown?.pinned !== id) this.drawers.pick(id);
    this.picture.centre(id);
    this.tree?.show(id);
  }

  // Other inputs: the same picture, other rows, and whatever shows the rows' own numbers drawn anew.
  follow() {
    const given = this.model.get("given");
    if (!given?.cards || !this.given) return;
    const { spec } = this;
    const { signal } = this.built;
    Object.assign(spec.parts, given.parts);
    this.linear = new Linear(floats(this.model.get("rows")), floats(this.model.get("shape")), this.linear.count, spec.quantities.length);
    this.shown = undefined;
    this.truth = { v: given.truth.v, values: floats(given.truth.values) };
    this.given.show(given);
    const swap = (name, made) => {
      this[name].element.replaceWith(made.element);
      this[name] = made;
    };
    swap("sentence", new Sentence(spec, this.linear));
    swap("tables", new Tables(spec, this.linear, signal));
    this.drawers.renew(); // what is open shows the other numbers
    this.numbers.collect(this.el);
    this.update();
  }

  // A drawer has drawn other numbers.
  renumber() {
    this.numbers.collect(this.el);
    if (this.shown) this.numbers.write(this.shown, this.weighted);
  }

  // What a drawer asks the kernel for; the answer comes as a message of the same name.
  ask(what, data = {}) {
    this.model.send({ kind: "ask", what, ...data });
  }

  // Where there is no picture, its text form stands in its place.
  text() {
    this.tree = this.spec.tree && this.spec.parts.inspect ? new Tree(this, this.built.signal) : null;
    if (this.tree) return this.tree.element;
    return this.spec.text ? make("pre", { class: "backward-text", tabindex: "0", "data-lm-suppress-shortcuts": "true" }, this.spec.text) : null;
  }

  update() {
    const v = this.weights.values();
    this.v = v;
    const known = this.truth && same(this.truth.v, v) ? this.truth.values : null;
    if (known) this.shown = known;
    else if (this.spec.linear) this.shown = this.linear.shown(v);
    else this.shown ??= this.linear.shown([]); // not linear: what was known first, until the kernel answers
    const weights = new Map(this.spec.weights.map(({ flat }, place) => [flat, v[place]]));
    for (const [flat, value] of this.spec.fixed) weights.set(flat, Number(value)); // "NaN" and "Infinity" come as text
    const { shown } = this;
    this.weighted = weights;
    this.numbers.patch(shown, weights);
    this.sentence.update(shown, weights);
    this.picture.update(this.linear, this.spec.linear ? v : null, shown);
    this.tables.update(shown, v);
    this.presets.update(v);
    this.drawers.update(shown, v);
    this.tell();
  }

  hear() {
    const truth = this.model.get("truth");
    if (!truth?.v || !this.weights) return;
    this.truth = { v: truth.v, values: floats(truth.values) };
    // What was asked for since then is on its way: an answer to an older v changes nothing.
    if (same(this.truth.v, this.weights.values())) this.update();
  }

  tell() {
    if (!this.message) return;
    const said = this.model.get("state");
    // what the panel began with is the kernel's too
    const known = this.truth?.v ?? this.spec.weights.map(({ anchors }) => anchors[0][1]);
    const waiting = this.spec.live && this.v && (!same(known, this.v) || this.given?.waiting);
    this.given?.press();
    if (said === "error") this.figure.classList.remove("backward-waiting");
    const state = said === "ready" && waiting ? "busy" : said;
    if (this.root && this.root.dataset.state !== state) this.root.dataset.state = state;
    const text = this.model.get("message");
    if (this.message.textContent !== text) this.message.textContent = text;
  }

  // "/" goes to the search box, from anywhere in the panel where nothing is typed.
  slash(event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !this.search || event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    event.stopPropagation();
    this.search.focus();
  }

  // The sliders and the root are drawn by others, and perhaps later.
  find(wait = 20) {
    if (this.signal.aborted) return;
    const root = this.el.closest(".backward-panel");
    const box = root?.querySelector(".backward-weights");
    if (root && this.spec.still) return void ((this.root = root), this.tell());
    if (!box) return void setTimeout(() => this.find(Math.min(wait * 1.5, 500)), wait);
    if (this.root === root) return;
    this.root = root;
    root.addEventListener("keydown", (event) => this.slash(event), { signal: this.signal });
    this.labels = [adopt(box, () => this.weights, this.signal)];
    const inputs = root.querySelector(".backward-inputs");
    if (inputs) this.labels.push(adopt(inputs, () => this.given.weights, this.signal));
    this.picture.fit();
    this.tell();
  }
}

export const view = {
  initialize: ({ model }) => expectView(model.get("still")),

  async render({ model, el, host, signal }) {
    const still = model.get("still"); // a saved page has none
    if (still) replaceStill(still, signal);
    await new Panel(model, el, host, signal).build();
  },
};
