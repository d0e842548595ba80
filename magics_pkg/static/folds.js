// Folded cards that open, and open groups that fold, by a click or by Enter: only where a kernel draws the picture anew.

import { word } from "./dom.js";

const OPEN = "[data-open]";
const FRAME = ".fold"; // the name of an open group, or of a loop whose rounds are drawn as one
const BOTH = "[data-open], [data-fold]";

export class Folds {
  constructor(figure, spec, ask) {
    Object.assign(this, { figure, spec });
    this.ask = ask;
    this.asked = null;
  }

  // Elements that answer, to be reached by the arrow keys like the cards.
  wire(svg, signal) {
    this.figure.classList.add("backward-live");
    this.figure.classList.remove("backward-waiting");
    for (const element of svg.querySelectorAll(BOTH)) {
      const opens = element.matches(OPEN);
      element.setAttribute("role", "button");
      element.setAttribute("aria-expanded", String(!opens));
      if (element.matches(FRAME)) element.setAttribute("aria-label", element.dataset.fold ?? element.dataset.open);
      const title = element.querySelector("title") ?? element.insertBefore(document.createElementNS(svg.namespaceURI, "title"), element.firstChild);
      title.textContent = [title.textContent, word(this.spec, opens ? "open" : "fold")].filter(Boolean).join(" \u00b7 ");
    }
    // in the capturing phase: what else a click on a card does, it does not on these
    svg.addEventListener("click", (event) => this.hear(event), { signal, capture: true });
    svg.addEventListener("keydown", (event) => ["Enter", " "].includes(event.key) && this.hear(event), { signal, capture: true });
    this.restore(svg);
    return [...svg.querySelectorAll(FRAME)];
  }

  hear(event) {
    const element = event.target.closest?.(BOTH);
    if (!element || (event.type === "click" && !getSelection().isCollapsed)) return;
    event.preventDefault();
    event.stopPropagation();
    const open = element.matches(OPEN);
    const name = open ? element.dataset.open : element.dataset.fold;
    this.figure.classList.add("backward-waiting");
    this.asked = { name, open, top: element.getBoundingClientRect().top };
    this.ask({ kind: "open", name, open });
  }

  // What was asked for stands where the pointer was, and has the focus.
  restore(svg) {
    if (!this.asked) return;
    const { name, open, top } = this.asked;
    this.asked = null;
    const found = [...svg.querySelectorAll(BOTH)].find((each) => (open ? each.dataset.fold : each.dataset.open) === name);
    if (!found) return;
    const there = found.getBoundingClientRect();
    const box = this.figure.getBoundingClientRect();
    this.figure.scrollTop += there.top - top;
    if (there.left < box.left || there.left > box.right - 40) this.figure.scrollLeft += there.left - box.left - 24;
    found.setAttribute("tabindex", "-1");
    found.focus({ preventScroll: true });
  }
}
