// The gradient of each leaf: as the sum of the rows of J, each times its weight; as numbers; or as a strip of colours.

import { make, moving, put, rove, word } from "./dom.js";
import { stripWidth } from "./heat.js";
import { entry, number } from "./number.js";

const [ROWS, COLUMNS, NUMBERS, ACROSS, WIDE] = [6, 5, 36, 5, 6];
const [LABEL, ROOMY, DENSE] = [92, 74, 66]; // pixels: the widest number with its × and alone at 12, and at 11 pixels, so that no column ever moves
const [SPARE, LONG_LABEL] = [13, 150]; // letters of a name that fit; pixels where there is room for more
const BROAD = 330; // pixels of a table, above which a graph of ordinary width has no room beside it
const MANY = 8; // leaves, above which those out of sight are not painted

export class Tables {
  constructor(spec, linear, signal) {
    this.spec = spec;
    this.linear = linear;
    this.signal = signal;
    this.cells = [];
    const title = make("h3", { class: "backward-title" }, word(spec, "gradients"));
    this.widest = 0;
    this.element = make("div", { class: "backward-gradients" }, title, ...spec.leaves.map((which) => this.leaf(spec.quantities[which])));
    this.element.classList.toggle("backward-broad", this.widest > BROAD);
  }

  leaf(quantity) {
    const count = quantity.indices.length;
    const whole = count === quantity.shape.reduce((total, size) => total * size, 1);
    const { spec, linear } = this;
    const weighted = spec.linear && spec.complete && spec.weights.length <= ROWS && linear.height > 1;
    const small = whole && count <= NUMBERS && (quantity.shape.at(-1) ?? 1) <= (quantity.shape.length > 1 ? WIDE : 8);
    let body;
    if (weighted && whole && count <= COLUMNS) body = this.sum(quantity);
    else if (small) body = this.matrix(quantity);
    else body = this.strip(quantity, whole);
    const size = whole && count <= COLUMNS ? null : make("span", { class: "backward-where" }, word(spec, "shape", `(${quantity.shape.join(", ")}${quantity.shape.length === 1 ? "," : ""})`));
    const items = [...body.querySelectorAll("[data-at]")];
    rove(items, this.signal);
    return make("section", { class: `backward-leaf${spec.leaves.length > MANY ? " backward-far" : ""}`, "aria-label": quantity.name }, make("h4", {}, quantity.name, size), make("div", { class: "backward-scroll" }, body));
  }

  // The rows of J with their weights, a line, and their sum: what Jᵀ v means.
  sum(quantity) {
    const { spec, linear } = this;
    const columns = quantity.indices.map((flat, place) => ({ flat, at: quantity.offset + place }));
    const variable = quantity.name.replace(/\.grad$/, "");
    const head = make("tr", {}, make("th", { class: "backward-corner", scope: "col" }, `v × ∂${spec.output}/∂${variable}`));
    for (const { flat } of columns) head.append(make("th", { scope: "col" }, quantity.shape.length ? entry("", flat, quantity.shape) : ""));
    const body = make("tbody");
    if (columns.some(({ at }) => linear.at(0, at) !== 0)) {
      const held = columns.map(({ at }) => make("td", {}, number(linear.at(0, at))));
      body.append(make("tr", { class: "backward-held" }, make("th", { scope: "row" }, word(spec, "held")), ...held));
    }
    spec.weights.forEach(({ name, flat }, place) => {
      const weight = moving("span", name, { weight: flat });
      const cells = columns.map(({ at }) => {
        const factor = linear.at(place + 1, at);
        const cell = make("td", { class: factor === 0 ? "backward-zero" : "" }, number(factor));
        this.cells.push({ cell, value: (shown, v) => v[place] * factor, scale: quantity, last: "" });
        return cell;
      });
      body.append(make("tr", { "data-row": name }, make("th", { scope: "row" }, weight, " ×"), ...cells));
    });
    const foot = make("tr", {}, make("th", { scope: "row" }, quantity.name));
    for (const column of columns) foot.append(this.total("td", quantity, column));
    const label = columns.length < COLUMNS - 1 && quantity.name.length > SPARE ? LONG_LABEL : LABEL;
    return this.table("backward-sum", columns.length, label, make("thead", {}, head), body, make("tfoot", {}, foot));
  }

  total(tag, quantity, { flat, at }) {
    const cell = moving(tag, entry(quantity.name, flat, quantity.shape), { at });
    this.cells.push({ cell, value: (shown) => shown[at], scale: quantity, last: "" });
    return cell;
  }

  matrix(quantity) {
    const width = quantity.shape.length > 1 ? quantity.shape.at(-1) : Math.min(quantity.indices.length, ACROSS);
    const body = make("tbody");
    for (let from = 0; from < quantity.indices.length; from += width) {
      const row = quantity.indices.slice(from, from + width);
      body.append(make("tr", {}, ...row.map((flat, place) => this.total("td", quantity, { flat, at: quantity.offset + from + place }))));
    }
    return this.table("backward-matrix", width, 0, body);
  }

  table(name, columns, label, ...parts) {
    const dense = columns > 3;
    const group = make("colgroup", {}, ...(label ? [make("col", { style: `width: ${label}px` })] : []));
    const all = label + columns * (dense ? DENSE : ROOMY) + 2 * columns + 4;
    this.widest = Math.max(this.widest, all);
    return make("table", { class: `${name}${dense ? " backward-dense" : ""}`, style: `width: ${all}px` }, group, ...parts);
  }

  strip(quantity, whole) {
    const cells = quantity.indices.map((flat, place) => this.total("span", quantity, { flat, at: quantity.offset + place }));
    const rest = whole ? null : make("p", { class: "backward-where" }, word(this.spec, "first", cells.length));
    return make("div", {}, make("div", { class: "backward-strip", style: `max-width: ${stripWidth(quantity.shape)}px` }, ...cells), rest);
  }

  // Backgrounds: the colour says the sign, its strength the size beside the largest in the same table.
  update(shown, v) {
    const largest = new Map();
    for (const cell of this.cells) {
      cell.now = cell.value(shown, v);
      const size = Math.abs(cell.now);
      if (Number.isFinite(size) && size > (largest.get(cell.scale) ?? 0)) largest.set(cell.scale, size);
    }
    for (const each of this.cells) {
      const size = Math.abs(each.now);
      const share = size === 0 ? 0 : Number.isFinite(size) ? Math.sqrt(size / largest.get(each.scale)) : 1;
      const look = `${each.now < 0 ? "negative" : each.now > 0 ? "positive" : "none"} ${Math.round(share * 100)}`;
      if (look === each.last) continue;
      each.last = look;
      const [sign, percent] = look.split(" ");
      put(each.cell, "data-sign", sign);
      each.cell.style.setProperty("--strength", percent);
    }
  }
}
