// A quiet box that finds an operation by name, node, line or a piece of its source, also in what is folded; "/" goes to it.

import { make, word } from "./dom.js";

export const SEARCHED = 40; // operations from which on there is something to search
const [MOST_FOUND, TYPING] = [12, 120]; // cards that the page finds by itself; milliseconds after a key before the kernel is asked
let boxes = 0;

export class Search {
  constructor(panel, signal) {
    const { spec } = panel;
    Object.assign(this, { panel, spec, found: [], now: -1, timer: 0 });
    const id = `backward-found-${(boxes += 1)}`;
    const keys = { role: "combobox", "aria-autocomplete": "list", "aria-controls": id, "aria-expanded": "false", "data-lm-suppress-shortcuts": "true" };
    this.input = make("input", { type: "search", placeholder: `${word(spec, "search")}  /`, "aria-label": word(spec, "search_for"), autocomplete: "off", spellcheck: "false", ...keys });
    this.list = make("ul", { id, role: "listbox", "aria-label": word(spec, "search_found"), hidden: true });
    this.said = make("span", { class: "backward-unseen", role: "status" });
    this.element = make("div", { class: "backward-search", role: "search" }, this.input, this.list, this.said);
    this.input.addEventListener("input", () => this.look(), { signal });
    this.input.addEventListener("focus", () => this.input.value && this.look(), { signal });
    this.input.addEventListener("keydown", (event) => this.key(event), { signal });
    this.element.addEventListener("focusout", (event) => this.element.contains(event.relatedTarget) || this.close(), { signal });
    this.list.addEventListener("pointerdown", (event) => event.preventDefault(), { signal }); // the box keeps the focus
    this.list.addEventListener(
      "click",
      (event) => {
        const option = event.target.closest("[role=option]");
        if (option) this.choose(this.found[[...this.list.children].indexOf(option)]);
      },
      { signal },
    );
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  // What is drawn the page knows itself; the kernel knows what is folded, and answers in its place.
  look() {
    clearTimeout(this.timer);
    const text = this.input.value.trim();
    if (!text) return this.close();
    this.show(this.cards(text.toLowerCase()), 0, text);
    if (!this.spec.live) return;
    this.element.setAttribute("aria-busy", "true");
    this.timer = setTimeout(() => this.panel.ask("search", { text }), TYPING);
  }

  answer({ what, text, found, more }) {
    if (what !== "search" || text !== this.input.value.trim()) return;
    this.element.removeAttribute("aria-busy");
    if (found && this.element.contains(document.activeElement)) this.show([...this.leaves(text.toLowerCase()), ...found], more, text);
  }

  cards(text) {
    const rank = ({ name, op, line, source, folded = "" }) => (name.toLowerCase() === text ? 0 : String(line) === text ? 1 : name.toLowerCase().startsWith(text) || op.toLowerCase().startsWith(text) ? 2 : [name, op, source, folded].some((each) => each.toLowerCase().includes(text)) ? 3 : null);
    return Object.entries(this.spec.parts.inspect?.cards ?? {})
      .filter(([, card]) => !card.of)
      .map(([id, card]) => ({ id, ...card, rank: rank(card) }))
      .filter((each) => each.rank !== null)
      .sort((a, b) => a.rank - b.rank)
      .slice(0, MOST_FOUND);
  }

  leaves(text) {
    return this.cards(text).filter(({ kind }) => kind !== "op");
  }

  show(found, more, text) {
    this.found = found;
    this.now = found.length ? 0 : -1;
    const rest = more ? make("li", { class: "backward-where", role: "presentation" }, word(this.spec, "more", more)) : null;
    this.list.replaceChildren(...found.map((each, place) => this.option(each, place)), ...(rest ? [rest] : []));
    if (!found.length) this.list.append(make("li", { class: "backward-where", role: "presentation" }, word(this.spec, "search_none", text)));
    this.said.textContent = found.length ? word(this.spec, "search_count", found.length + more) : word(this.spec, "search_none", text);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark();
  }

  option({ name, source, op, line, count, folded }, place) {
    const where = [folded, op, line ? word(this.spec, "line", line) : "", count > 1 ? `× ${count}` : ""].filter(Boolean).join(" · ");
    const code = source && source !== name ? make("code", {}, source) : null;
    return make("li", { id: `${this.list.id}-${place}`, role: "option" }, name ? make("b", {}, name) : null, code, make("span", { class: "backward-where" }, where));
  }

  mark() {
    [...this.list.querySelectorAll("[role=option]")].forEach((option, place) => option.setAttribute("aria-selected", String(place === this.now)));
    if (this.now < 0) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", `${this.list.id}-${this.now}`);
    this.list.children[this.now].scrollIntoView({ block: "nearest" });
  }

  key(event) {
    const { key } = event;
    event.stopPropagation(); // no shortcut of the notebook's
    if (key === "Escape") {
      event.preventDefault();
      if (this.list.hidden) this.input.value = "";
      return this.close();
    }
    if (key === "Enter" && this.now >= 0 && !this.list.hidden) return this.choose(this.found[this.now]);
    const move = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (!move || !this.found.length) return;
    event.preventDefault();
    this.now = (this.now + move + this.found.length) % this.found.length;
    this.mark();
  }

  close() {
    clearTimeout(this.timer);
    this.element.removeAttribute("aria-busy");
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  // What hides it is opened first; then the panel is drawn anew and comes here again.
  choose(found) {
    this.close();
    if (!found.open) return this.panel.seek(found);
    this.panel.sought = { ...found, open: "" };
    this.panel.figure.classList.add("backward-waiting");
    this.panel.model.send({ kind: "open", name: found.open, open: true });
  }
}

// The card of what was found: its own; else the one with its expression; else the first of what it is folded in.
export function cardOf(cards, found) {
  if (found.id) return found.id;
  const drawn = Object.entries(cards).filter(([, card]) => !card.of && card.kind === "op");
  const inside = drawn.filter(([, card]) => card.groups?.includes(found.round));
  const all = inside.length ? inside : drawn;
  const same = (...keys) => all.find(([, card]) => keys.every((key) => card[key] === found[key]))?.[0];
  return same("op", "source", "line") ?? same("source", "line") ?? all.find(([, card]) => found.run && card.source === found.run.replace(/ #\d+$/, ""))?.[0] ?? (found.line ? same("line") : undefined) ?? inside[0]?.[0] ?? null;
}
