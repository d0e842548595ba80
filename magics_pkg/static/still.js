// The still picture that stands beside the widget, as an output of its own (twin.py): hidden while the widget is drawn.

import { make } from "./dom.js";

const UNDRAWN = 2000; // milliseconds after which a model without a view is one that is not going to be drawn
const stills = new Map(); // by the picture's class: the rule that hides it, and how many views there are in its place

function stillOf(name) {
  const still = `.${name}`;
  if (!stills.has(name)) stills.set(name, { views: 0, style: make("style", {}, `${still}, .jp-OutputArea-child:has(${still}) { display: none }`) });
  return stills.get(name);
}

// A widget is about to be drawn: until then its picture does not flash. A notebook that was only opened has models too.
export function expectView(name) {
  const each = stillOf(name);
  document.head.append(each.style);
  const timer = setTimeout(() => each.views || each.style.remove(), UNDRAWN);
  return () => {
    clearTimeout(timer);
    each.style.remove();
  };
}

// It is drawn, till the signal says that it has gone.
export function replaceStill(name, signal) {
  const each = stillOf(name);
  each.views += 1;
  document.head.append(each.style);
  signal.addEventListener("abort", () => {
    each.views -= 1;
    if (!each.views) each.style.remove();
  });
}
