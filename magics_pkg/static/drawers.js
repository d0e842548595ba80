// What there is beside the picture, one thing open at a time: a row of tabs, and under it what the chosen one draws.
//
// A drawer is a class with a static `id` (also its data's name in spec.parts) and `title`. It is made from the panel, and
// has an `element`; it may have `update(shown, v)`, called after each move while it is open; `light(id)` and `pick(id)`,
// for the node under the pointer and the one that was clicked; `opened()` and `closed()`;
// `answer(message)`, for what it has asked the kernel for by `panel.ask`; `renew()`, which returns it, where it outlives
// other inputs.

import { make, rove, word } from "./dom.js";

// What a tab says, in the panel's language.
const title = (spec, { id, title: plain }) => spec.words[`drawer_${id}`] ?? plain;

export class Drawers {
  constructor(panel, kinds, signal) {
    const { spec } = panel;
    this.panel = panel;
    this.open = null;
    this.drawers = kinds.filter((kind) => spec.parts[kind.id] != null && (kind.fits?.(spec) ?? true)).map((kind) => ({ kind, drawer: null }));
    this.early = this.drawers.filter(({ kind }) => kind.early);
    this.body = make("div", { class: "backward-drawer", role: "tabpanel", tabindex: "-1", hidden: true });
    for (const each of this.drawers) {
      const { id } = each.kind;
      each.tab = make("button", { type: "button", role: "tab", "aria-selected": "false", "data-drawer": id }, title(spec, each.kind));
      each.tab.addEventListener("click", () => this.choose(this.open === each ? null : id), { signal });
    }
    const tabs = this.drawers.map(({ tab }) => tab);
    rove(tabs, signal);
    this.element = tabs.length ? make("section", { class: "backward-drawers", "aria-label": word(spec, "explore") }, make("div", { class: "backward-tabs", role: "tablist" }, ...tabs), this.body) : null;
  }

  // Drawers that have something to do before they are opened: a quiz hides numbers.
  begin() {
    for (const each of this.early) each.drawer ??= new each.kind(this.panel);
  }

  // Other inputs: every drawer is made anew, unless it can see to it itself.
  renew() {
    const { open } = this;
    if (open && !open.drawer.renew) open.drawer.closed?.();
    for (const each of this.drawers) each.drawer = each.drawer?.renew?.() ?? null;
    if (open && !open.drawer) {
      this.open = null;
      this.choose(open.kind.id);
    }
    this.begin();
  }

  // Opens the drawer of this name, or closes the one that is open; during a quiz no other opens.
  choose(id) {
    if (id && id !== "quiz" && this.panel.quizzing) return;
    const next = this.drawers.find(({ kind }) => kind.id === id) ?? null;
    if (next === this.open) return;
    this.open?.drawer.closed?.();
    this.open = next;
    for (const each of this.drawers) each.tab.setAttribute("aria-selected", String(each === next));
    this.body.hidden = !next;
    if (!next) return this.body.replaceChildren();
    next.drawer ??= new next.kind(this.panel);
    this.body.setAttribute("aria-label", title(this.panel.spec, next.kind));
    this.body.replaceChildren(next.drawer.element);
    next.drawer.opened?.();
    this.panel.renumber();
  }

  get shown() {
    return this.open?.drawer ?? null;
  }

  update(shown, v) {
    this.shown?.update?.(shown, v);
  }

  light(id) {
    this.shown?.light?.(id);
  }

  // A click on a card opens the inspector, where there is one, unless what is open wants to know itself.
  pick(id) {
    if (!this.shown?.pick) this.choose("inspect");
    this.shown?.pick?.(id);
  }

  // The kernel's answer to what a drawer has asked for.
  answer(message) {
    for (const { drawer } of this.drawers) drawer?.answer?.(message);
  }

  end() {
    this.open?.drawer.closed?.();
  }
}
