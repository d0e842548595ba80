// The sliders' models: their values read exactly, set exactly, given a range that holds what is asked for.

import { word } from "./dom.js";
import { number, parse } from "./number.js";

const [LONG, SHORT] = [1e7, 2e-3]; // ranges beyond these have no room for their numbers without an exponent
const FINE = 1e-12; // of the range: a slider's own arithmetic is off by less

// A slider turns its value into a percentage and back, which costs the last bits: 0.1 comes back as 0.10000000000000009.
// So its value is read to 12 digits of the range, and the values that it began with to the last bit, as `spec.py` does.
export function exact(value, low, high, anchors) {
  const range = high - low;
  for (const [shown, meant] of anchors) if (Math.abs(value - shown) <= FINE * range) return meant;
  const digits = 12 - Number(range.toExponential().split("e")[1]);
  return Math.abs(value) < 1e15 ? Number(value.toFixed(Math.min(Math.max(digits, 0), 100))) : value;
}

// The smallest of 1, 2, 5, 10, ... that is at least twice as large as the value: 0.1 has -0.2 to 0.2.
export function reach(value) {
  const size = 2 * Math.abs(value);
  if (!(size > 0) || !Number.isFinite(size)) return 2;
  const power = Math.floor(Math.log10(size));
  for (const digit of [1, 2, 5, 10, 20]) {
    const nice = Number(`${digit}e${power}`);
    if (nice >= size * (1 - 1e-9)) return nice;
  }
  return size;
}

// A step is a power of ten: 0.01 from -2 to 2. `spec.py` chooses the first one in the same way.
const places = (low, high) => 2 - Number(((high - low) / 2).toExponential().split("e")[1]);
export const coarse = (low, high) => Number(`1e${-places(low, high)}`);

function onGrid(value, low, step) {
  const steps = (value - low) / step;
  return Math.abs(steps - Math.round(steps)) < 1e-6;
}

// As `Slide.readout` in spec.py.
function format(low, high, fits) {
  const count = Math.max(0, places(low, high));
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (fits && count <= 6 && size < LONG) return `.${count}f`;
  return size >= SHORT ? ".4g" : ".3e";
}

function readout(model) {
  const fixed = /^\.(\d)f$/.exec(model.get("readout_format"));
  return fixed ? model.get("value").toFixed(Number(fixed[1])).replace("-", "\u2212") : number(model.get("value"));
}

export class Weights {
  constructor(models, spec) {
    this.models = models;
    this.spec = spec;
    this.setting = false; // while several sliders are set at once, nobody computes
  }

  together(set) {
    this.setting = true;
    this.models.forEach((_, place) => set(place));
    this.setting = false;
    this.changed?.();
  }

  values() {
    return this.models.map((model, place) => {
      const { anchors } = this.spec.weights[place];
      return exact(model.get("value"), model.get("min"), model.get("max"), anchors);
    });
  }

  // One message for each slider: the first range where the value fits it, else the present one, else one made for the value.
  set(place, value) {
    const model = this.models[place];
    const first = this.spec.weights[place];
    const fits = (low, high) => value >= low && value <= high && (value === 0 || Math.abs(value) > (high - low) * 1e-6);
    const present = [model.get("min"), model.get("max")];
    const made = [-reach(value), reach(value)];
    const [low, high] = [[first.low, first.high], present].find((range) => fits(...range)) ?? made;
    this.apply(model, low, high, value);
  }

  // As the cell wrote it: the first range, the first value.
  reset(place) {
    const { low, high, home } = this.spec.weights[place];
    this.apply(this.models[place], low, high, home);
  }

  apply(model, low, high, value) {
    const fits = onGrid(value, low, coarse(low, high));
    const step = fits ? coarse(low, high) : (high - low) * FINE;
    model.set({ min: low, max: high, step, readout_format: format(low, high, fits), value });
    model.save_changes();
  }

  // From here on the slider moves by round steps: somebody took hold of it.
  grasp(place) {
    const model = this.models[place];
    const [low, high] = [model.get("min"), model.get("max")];
    const step = coarse(low, high);
    if (model.get("step") !== step) model.set({ step, readout_format: format(low, high, true) });
  }

  typed(place, text) {
    const value = parse(text);
    if (Number.isFinite(value)) this.set(place, value);
  }
}

// Gives the sliders of ipywidgets names, keys that Notebook 7 leaves alone, and readouts that take any number.
export function adopt(box, weights, signal) {
  const nth = (target, selector) => {
    const found = target.closest?.(selector);
    return found ? [...box.querySelectorAll(selector)].indexOf(found) : -1;
  };
  const label = () => {
    box.querySelectorAll(".noUi-handle").forEach((handle, place) => {
      const { name } = weights().spec.weights[place] ?? {};
      if (!name || handle.getAttribute("aria-label") === name) return;
      handle.setAttribute("aria-label", name);
      handle.setAttribute("data-lm-suppress-shortcuts", "true");
    });
    box.querySelectorAll(".widget-readout").forEach((text, place) => {
      const { name } = weights().spec.weights[place] ?? {};
      if (!name || text.dataset.value === name) return;
      text.dataset.value = name;
      text.setAttribute("role", "textbox");
      text.setAttribute("aria-label", word(weights().spec, "type", name));
      text.setAttribute("data-lm-suppress-shortcuts", "true");
    });
  };
  const observer = new MutationObserver(label);
  observer.observe(box, { childList: true, subtree: true });
  signal.addEventListener("abort", () => observer.disconnect());
  label();

  const listen = (kind, handler) => box.addEventListener(kind, handler, { capture: true, signal });
  listen("pointerdown", (event) => {
    const place = nth(event.target, ".widget-slider");
    if (place < 0 || event.target.closest(".widget-readout") || !event.target.closest(".noUi-target")) return;
    if (!event.target.closest(".noUi-handle")) return weights().grasp(place);
    // a click on the handle moves nothing; a drag does
    document.addEventListener("pointermove", () => weights().grasp(place), { capture: true, once: true, signal });
  });
  listen("keydown", (event) => {
    const place = nth(event.target, ".noUi-handle");
    if (place >= 0 && /^(Arrow|Page)/.test(event.key)) return weights().grasp(place);
    const typed = nth(event.target, ".widget-readout");
    if (typed >= 0 && event.key === "Enter") take(event.target, typed);
  });
  listen("focusin", (event) => {
    if (nth(event.target, ".widget-readout") >= 0) event.target.dataset.seen = event.target.textContent;
  });
  // `blur` (not focusout) is what the slider's own handler listens to; this one comes first.
  listen("blur", (event) => {
    const place = nth(event.target, ".widget-readout");
    if (place >= 0) take(event.target, place);
  });
  // The slider's own handler, where it runs, reads the text next: it finds the full number, in digits that it can read.
  const take = (target, place) => {
    const model = weights().models[place];
    // what a readout shows by itself, with fewer digits than the number has, was not typed
    const shows = () => [readout(model), number(model.get("value")), String(model.get("value"))];
    if (![target.dataset.seen, ...shows()].includes(target.textContent)) weights().typed(place, target.textContent);
    const full = (target.textContent = String(model.get("value")));
    setTimeout(() => {
      if (target.textContent === full) target.textContent = readout(model);
      target.dataset.seen = target.textContent;
    });
  };
  return label;
}
