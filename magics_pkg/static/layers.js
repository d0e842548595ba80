// Graphs that stand on top of each other: the first alone, or with the ones that were made of its derivatives.

import { make, word } from "./dom.js";

export class Layers {
  constructor(panel) {
    const { spec, figure } = panel;
    const names = spec.seconds.map(({ alone }) => alone);
    this.panel = panel;
    this.svg = figure.querySelector("svg");
    if (!names.length || !this.svg) return;
    const button = (text, level, title) => make("button", { type: "button", title, "data-lm-suppress-shortcuts": "true", onclick: () => this.choose(level) }, text);
    this.buttons = [...names.map((name, level) => button(name, level, word(spec, "graph_alone", name))), button(word(spec, "everything"), names.length, null)];
    this.element = make("div", { class: "backward-layers", role: "group", "aria-label": word(spec, "graph_of") }, make("span", {}, word(spec, "graph_of")), ...this.buttons);
    this.choose(Math.min(panel.level ?? names.length, names.length));
  }

  // Cards keep their places: what stands on more graphs than this is not seen, nor what leads to it.
  choose(level) {
    this.panel.level = level;
    this.buttons.forEach((button, place) => button.setAttribute("aria-pressed", String(place === level)));
    const unseen = new Set();
    const see = (element, hidden) => element.classList.toggle("unseen", hidden);
    for (const node of this.svg.querySelectorAll("[data-node]")) {
      const hidden = Number(node.dataset.level ?? 0) > level;
      if (hidden) unseen.add(node.dataset.node);
      see(node, hidden);
    }
    for (const line of this.svg.querySelectorAll("[data-tail]")) {
      const hidden = unseen.has(line.dataset.tail) || unseen.has(line.dataset.head);
      see(line, hidden);
      const label = line.dataset.edge && this.svg.querySelector(`[data-label="${line.dataset.edge}"]`);
      if (label) see(label, hidden);
    }
    this.panel.spec.seconds.forEach(({ name }, place) => {
      for (const kind of ["second", "fold"]) for (const frame of this.svg.querySelectorAll(`[data-${kind}]`)) if (frame.dataset[kind] === name) see(frame, place >= level);
    });
  }
}
