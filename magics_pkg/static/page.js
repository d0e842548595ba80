// A saved page: sliders of the browser's own, and small stand-ins for the notebook's widget models. No kernel, no network.

import { make, word } from "./dom.js";
import { number } from "./number.js";
import { view } from "./panel.js";
import { Weights, coarse } from "./weights.js";

class Model {
  constructor(state) {
    this.state = state;
    this.listeners = [];
  }

  get(name) {
    return this.state[name];
  }

  set(name, value) {
    const changes = typeof name === "object" ? name : { [name]: value };
    const changed = Object.keys(changes).filter((key) => this.state[key] !== changes[key]);
    Object.assign(this.state, changes);
    for (const key of changed) this.listeners.filter((each) => each.name === `change:${key}`).forEach((each) => each.callback());
  }

  on(name, callback) {
    this.listeners.push({ name, callback });
  }

  off(name, callback) {
    this.listeners = this.listeners.filter((each) => each.name !== name || each.callback !== callback);
  }

  save_changes() {}

  send() {}
}

function bytes(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function slider(place, weights, model) {
  const { name } = weights.spec.weights[place];
  const range = make("input", { type: "range", step: "any", "aria-label": name });
  const readout = make("span", { class: "widget-readout", contenteditable: "true", role: "textbox", "data-value": name, "aria-label": word(weights.spec, "type", name), inputmode: "decimal" });
  const step = () => coarse(model.get("min"), model.get("max"));
  const round = (value) => Number((Math.round(value / step()) * step()).toPrecision(12));
  const show = () => {
    range.min = model.get("min");
    range.max = model.get("max");
    range.value = model.get("value");
    range.setAttribute("aria-valuetext", number(model.get("value")));
    readout.textContent = number(model.get("value"));
  };
  for (const key of ["value", "min", "max"]) model.on(`change:${key}`, show);
  range.addEventListener("input", () => model.set("value", round(Number(range.value))));
  range.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (!steps) return;
    event.preventDefault();
    const value = round(model.get("value") + steps * step());
    model.set("value", Math.min(Math.max(value, model.get("min")), model.get("max")));
  });
  const take = () => {
    if (readout.textContent !== number(model.get("value"))) weights.typed(place, readout.textContent);
    show();
  };
  readout.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
    if (event.key === "Enter") take();
    if (event.key === "Escape") show();
  });
  readout.addEventListener("blur", take);
  show();
  return make("div", { class: "widget-slider" }, make("span", { class: "backward-label", "aria-hidden": "true", style: `width: ${weights.longest * 0.62}em` }, name), range, readout);
}

// What `packed` in page.py made.
async function unpack({ panel }) {
  const stream = new Blob([bytes(panel)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

export function open(root, data) {
  const state = { ...data, rows: bytes(data.rows), shape: bytes(data.shape), truth: null };
  const models = data.spec.weights.map(({ low, high, start }) => new Model({ min: low, max: high, step: 0, value: start }));
  state.sliders = models.map((_, place) => place);
  const host = { getModel: async (place) => models[place] };
  const weights = new Weights(models, data.spec);
  weights.longest = Math.max(...data.spec.weights.map(({ name }) => name.length), 0);
  const column = data.spec.still ? null : make("div", { class: "backward-weights" }, make("h3", { class: "backward-title" }, word(data.spec, "weights")));
  column?.append(...models.map((model, place) => slider(place, weights, model)));
  const el = make("div", { class: "backward-view" });
  root.replaceChildren(make("div", { class: "backward-grid" }, column, el));
  return view.render({ model: new Model(state), el, host, signal: new AbortController().signal });
}

export function start() {
  for (const root of document.querySelectorAll(".backward-page .backward-panel")) {
    const data = root.parentElement.querySelector('script[type="application/json"]');
    unpack(JSON.parse(data.textContent)).then((panel) => open(root, panel));
  }
}
