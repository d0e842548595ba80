// The backward calls of a cell, one row each: what it added to each gradient; of the chosen one, what was held before.

import { make, rove, word } from "./dom.js";

const entries = (numbers) => numbers.map((text) => make("span", { class: "backward-entry" }, text));

export class Passes {
  static id = "passes";
  static title = "Passes";

  constructor(panel) {
    this.spec = panel.spec;
    this.passes = panel.spec.parts.passes;
    this.names = [...new Set(this.passes.flatMap(({ leaves }) => leaves.map(({ name }) => name)))];
    this.detail = make("div", { class: "backward-side", "aria-live": "polite" });
    this.rows = this.passes.map((pass, place) => this.row(pass, place));
    const head = make("tr", {}, make("th", { scope: "col" }, word(this.spec, "call")), ...this.names.map((name) => make("th", { scope: "col" }, word(this.spec, "to_grad", name))));
    const body = make("tbody");
    this.passes.forEach((pass, place) => {
      const since = pass.leaves.filter(({ since: text }) => text).map(({ name, since: text }) => `${name}.grad ${text}`);
      if (since.length) body.append(make("tr", { class: "backward-between" }, make("td", { colspan: this.names.length + 1 }, since.join(", "))));
      body.append(this.rows[place]);
    });
    const table = make("table", { class: "backward-passes" }, make("thead", {}, head), body);
    this.element = make("div", { class: "backward-both" }, make("div", { class: "backward-scroll" }, table), this.detail);
    rove(this.rows, panel.built.signal);
    this.choose(this.passes.length - 1);
  }

  row(pass, place) {
    const cells = this.names.map((name) => {
      const leaf = pass.leaves.find((each) => each.name === name);
      return make("td", {}, ...(leaf ? [pass.returns ? "" : "+ ", ...entries(leaf.added), leaf.more ? "…" : ""] : []));
    });
    const label = `${pass.place}. ${pass.source}`;
    const row = make("tr", { class: "backward-pass", "aria-selected": "false" }, make("th", { scope: "row" }, make("code", {}, label)), ...cells);
    for (const kind of ["click", "focus"]) row.addEventListener(kind, () => this.choose(place));
    return row;
  }

  choose(place) {
    this.rows.forEach((row, each) => row.setAttribute("aria-selected", String(each === place)));
    const pass = this.passes[place];
    const told = (label, numbers, more) => make("tr", {}, make("th", { scope: "row" }, label), make("td", {}, ...entries(numbers), more ? "…" : ""));
    const parts = pass.leaves.map((leaf) => {
      if (pass.returns) return make("table", {}, told(word(this.spec, "returned_for", leaf.name), leaf.added, leaf.more));
      const before = leaf.before ? [told(word(this.spec, "grad_held", leaf.name), leaf.before, leaf.more)] : [];
      return make("table", {}, ...before, told(leaf.before ? word(this.spec, "added") : word(this.spec, "was_none", leaf.name), leaf.added, leaf.more), ...(leaf.before ? [told(word(this.spec, "left"), leaf.after, leaf.more)] : []));
    });
    const where = pass.line === null ? "" : word(this.spec, "line", pass.line);
    const said = [where, pass.created ? word(this.spec, "with_create_graph") : "", pass.live ? word(this.spec, "moved_here") : ""].filter(Boolean).join(" · ");
    this.detail.replaceChildren(make("p", { class: "backward-told" }, make("code", {}, pass.source), make("span", { class: "backward-where" }, ` ${said}`)), ...parts);
  }
}
