// The graph as a tree of text, where there is no picture of it: the output first, below it what it was made from, opened
// by hand. The arrow keys go through it; Enter looks into an operation.

import { make, moving, word } from "./dom.js";
import { entry } from "./number.js";

const [AT_FIRST, SHOWN] = [40, 3]; // lines that are open at first; entries of a gradient in a line

export class Tree {
  constructor(panel, signal) {
    const { spec } = panel;
    Object.assign(this, { panel, spec, cards: spec.parts.inspect.cards });
    this.root = this.item(spec.tree.root);
    this.element = make("ul", { class: "backward-tree", role: "tree", "aria-label": word(spec, "graph") }, this.root);
    let open = [this.root];
    for (let lines = 1; open.length && lines < AT_FIRST; open = open.flatMap((each) => this.below(each))) for (const each of open) lines += this.expand(each).length;
    this.root.tabIndex = 0;
    this.element.addEventListener("click", (event) => this.click(event), { signal });
    this.element.addEventListener("keydown", (event) => this.key(event), { signal });
  }

  inputs(id) {
    return this.spec.tree.inputs[id] ?? [];
  }

  item(id) {
    const { name, source, op, grad, folded } = this.cards[id];
    const numbers = [];
    if (grad !== null && grad !== undefined) {
      const quantity = this.spec.quantities[grad];
      numbers.push(...quantity.indices.slice(0, SHOWN).map((flat, place) => moving("span", entry(quantity.name, flat, quantity.shape), { at: quantity.offset + place })));
      if (quantity.indices.length > SHOWN) numbers.push("…");
    }
    const code = source && source !== name ? make("code", {}, source) : null;
    const line = make("span", { class: "backward-branch" }, make("b", {}, name || op), code, make("span", { class: "backward-where" }, [folded, op].filter(Boolean).join(" · ")), ...numbers);
    // what has the focus must say itself that the notebook's shortcuts are not meant: Jupyter looks there first
    return make("li", { role: "treeitem", tabindex: "-1", "data-lm-suppress-shortcuts": "true", "data-branch": id, "aria-expanded": this.inputs(id).length ? "false" : null }, line);
  }

  below(item) {
    return [...(item.querySelector(":scope > ul")?.children ?? [])];
  }

  expand(item) {
    const ids = this.inputs(item.dataset.branch);
    if (!ids.length || this.below(item).length) return this.below(item);
    item.setAttribute("aria-expanded", "true");
    // a single input stays in its consumer's column
    item.append(make("ul", { role: "group", class: ids.length > 1 ? null : "backward-alone" }, ...ids.map((id) => this.item(id))));
    return this.below(item);
  }

  collapse(item) {
    item.querySelector(":scope > ul")?.remove();
    if (item.hasAttribute("aria-expanded")) item.setAttribute("aria-expanded", "false");
  }

  toggle(item, open) {
    if (open) this.expand(item);
    else this.collapse(item);
    this.panel.renumber();
  }

  go(item) {
    if (!item) return;
    this.element.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    item.tabIndex = 0;
    item.focus({ preventScroll: true });
    item.firstElementChild.scrollIntoView({ block: "nearest" });
  }

  click(event) {
    const item = event.target.closest("[role=treeitem]");
    if (!item || !getSelection().isCollapsed) return;
    this.go(item);
    if (item.hasAttribute("aria-expanded")) this.toggle(item, item.getAttribute("aria-expanded") === "false");
  }

  key(event) {
    const item = event.target.closest("[role=treeitem]");
    const all = [...this.element.querySelectorAll("[role=treeitem]")];
    const place = all.indexOf(item);
    const open = item?.getAttribute("aria-expanded");
    const act = {
      ArrowDown: () => this.go(all[place + 1]),
      ArrowUp: () => this.go(all[place - 1]),
      Home: () => this.go(all[0]),
      End: () => this.go(all.at(-1)),
      ArrowRight: () => (open === "false" ? this.toggle(item, true) : this.go(this.below(item)[0])),
      ArrowLeft: () => (open === "true" ? this.toggle(item, false) : this.go(item.parentElement.closest("[role=treeitem]"))),
      Enter: () => this.panel.drawers.pick(item.dataset.branch),
    }[event.key];
    if (!item || !act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  // Opens a way from the output to a card, and goes there.
  show(id) {
    const from = new Map([[this.spec.tree.root, null]]);
    for (const each of from.keys()) for (const input of this.inputs(each)) if (!from.has(input)) from.set(input, each);
    if (!from.has(id)) return;
    const way = [];
    for (let each = id; each !== null; each = from.get(each)) way.unshift(each);
    let item = this.root;
    for (const each of way.slice(1)) item = this.expand(item).find((child) => child.dataset.branch === each);
    this.panel.renumber();
    this.go(item);
  }
}
