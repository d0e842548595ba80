// The Jacobian of a leaf as a heat map, its rows weighted by v as the sliders move; an entry's paths through the graph.

import { make, moving, put, rove, word } from "./dom.js";
import { entry, number } from "./number.js";

const CELLS = 1500; // above so many, they are painted in a canvas
const WRITTEN = 6; // columns with room for numbers

export class Jacobian {
  static id = "jacobian";
  static title = "Jacobian";

  constructor(panel) {
    this.panel = panel;
    this.data = panel.spec.parts.jacobian;
    this.which = 0;
    this.weighted = true;
    this.rows = this.data.leaves.map((leaf) => this.known(leaf));
    this.names = make("div", { class: "backward-buttons", role: "group", "aria-label": word(this.panel.spec, "leaf") });
    const toggle = make("input", { type: "checkbox", "data-lm-suppress-shortcuts": "true" });
    toggle.checked = true;
    toggle.addEventListener("change", () => ((this.weighted = toggle.checked), this.paint()));
    this.told = make("p", { class: "backward-told", role: "status" });
    this.map = make("div", { class: "backward-map" });
    this.more = make("div", { class: "backward-more" });
    this.paths = make("div", { class: "backward-paths", "aria-live": "polite" });
    const label = make("label", { class: "backward-toggle" }, toggle, " ", word(this.panel.spec, "rows_weighted"));
    this.element = make("div", { class: "backward-jacobian" }, make("div", { class: "backward-bar" }, this.names, label), make("div", { class: "backward-both" }, make("div", { class: "backward-scroll" }, this.map, this.more), make("div", { class: "backward-side" }, this.told, this.paths)));
    this.pick = undefined;
  }

  opened() {
    this.draw();
  }

  closed() {
    this.asking = false;
    this.panel.picture.walk(null);
  }

  // The rows that the page has itself: those of the sliders, where every column is among the numbers shown.
  known({ quantity, columns }) {
    const { spec, linear } = this.panel;
    const { offset, indices } = spec.quantities[quantity];
    const rows = new Map();
    if (indices.length < columns) return rows;
    spec.weights.forEach(({ flat }, place) => rows.set(flat, Float64Array.from({ length: columns }, (_, column) => linear.at(place + 1, offset + column))));
    return rows;
  }

  get leaf() {
    return this.data.leaves[this.which];
  }

  draw() {
    const { leaves, rows, of } = this.data;
    this.names.replaceChildren(...(leaves.length > 1 ? leaves : []).map((leaf, place) => make("button", { type: "button", "aria-pressed": String(place === this.which), "data-lm-suppress-shortcuts": "true", onclick: () => ((this.which = place), (this.asking = false), this.draw()) }, leaf.name)));
    const { columns, of: all, name } = this.leaf;
    const present = [...this.rows[this.which].keys()].sort((a, b) => a - b);
    this.order = present;
    this.large = present.length * columns > CELLS;
    this.cells = [];
    this.map.replaceChildren(this.large ? this.canvas(columns) : this.grid(columns));
    const missing = rows - present.length;
    const cut = [all > columns ? word(this.panel.spec, "first_columns", columns, all) : "", of > rows ? word(this.panel.spec, "most_rows", of, rows) : ""].filter(Boolean).join("; ");
    const button = (text, act) => make("button", { type: "button", "data-lm-suppress-shortcuts": "true", onclick: act }, text);
    const bar = this.asking
      ? [make("progress", { max: rows, value: present.length, "aria-label": word(this.panel.spec, "rows_computed") }), button(word(this.panel.spec, "stop"), () => ((this.asking = false), this.draw()))]
      : missing && this.panel.spec.live
        ? [button(present.length ? word(this.panel.spec, "compute_other", missing) : word(this.panel.spec, "compute_rows", missing), () => this.start())]
        : [];
    this.more.replaceChildren(...bar, make("span", { class: "backward-where" }, cut || (missing && !this.panel.spec.live ? word(this.panel.spec, "rows_need", missing) : "")));
    const output = this.panel.spec.output;
    if (!this.told.textContent) this.told.textContent = present.length ? word(this.panel.spec, "point", `∂${output}/∂${name}`) : "";
    this.paint();
    this.panel.renumber();
  }

  // Rows, columns and their names as a table whose cells are coloured; with numbers where there is room.
  grid(columns) {
    const { spec } = this.panel;
    const quantity = spec.quantities[this.leaf.quantity];
    const written = columns <= WRITTEN;
    const names = spec.weights.map(({ flat }) => flat);
    const head = make("tr", {}, make("th", { scope: "col" }, ""), ...Array.from({ length: columns }, (_, flat) => make("th", { scope: "col" }, written ? entry(this.leaf.name, flat, quantity.shape) : "")));
    const body = this.order.map((flat) => {
      const cells = Array.from({ length: columns }, (_, column) => {
        const cell = make("td", { role: "gridcell", "aria-label": this.title(flat, column) }, written ? number(this.at(flat, column)) : "");
        const show = () => this.show(flat, column);
        for (const kind of ["pointerenter", "focus"]) cell.addEventListener(kind, show);
        for (const kind of ["click", "keydown"]) cell.addEventListener(kind, (event) => (kind === "click" || event.key === "Enter") && this.ask(flat, column));
        this.cells.push({ cell, flat, column, look: "" });
        return cell;
      });
      const moves = names.includes(flat);
      const weight = moves ? moving("span", entry("v", flat, spec.outputShape), { weight: flat }) : number(this.weight(flat));
      return make("tr", {}, make("th", { scope: "row" }, entry(spec.output, flat, spec.outputShape), " × ", weight), ...cells);
    });
    const table = make("table", { class: `backward-heat${written ? "" : " backward-tiny"}`, role: "grid", "aria-label": `∂${spec.output}/∂${this.leaf.name}` }, make("thead", {}, head), make("tbody", {}, ...body));
    rove(this.cells.map(({ cell }) => cell), this.panel.built.signal, columns);
    return table;
  }

  canvas(columns) {
    const size = Math.max(1, Math.min(10, Math.floor(640 / columns), Math.floor(420 / this.order.length)));
    const picture = make("canvas", { width: columns, height: this.order.length, role: "img", "aria-label": word(this.panel.spec, "map", `∂${this.panel.spec.output}/∂${this.leaf.name}`, this.order.length, columns), style: `width: ${columns * size}px; height: ${this.order.length * size}px` });
    const place = (event) => {
      const box = picture.getBoundingClientRect();
      return [this.order[Math.floor(((event.clientY - box.top) / box.height) * this.order.length)], Math.floor(((event.clientX - box.left) / box.width) * columns)];
    };
    picture.addEventListener("pointermove", (event) => this.show(...place(event)));
    picture.addEventListener("click", (event) => this.ask(...place(event)));
    this.picture = picture;
    return picture;
  }

  at(flat, column) {
    return this.rows[this.which].get(flat)?.[column] ?? NaN;
  }

  weight(flat) {
    const { spec, weighted } = this.panel;
    return weighted?.get(flat) ?? spec.weights.find((each) => each.flat === flat)?.start ?? spec.strip[flat] ?? 0;
  }

  title(flat, column) {
    const { spec } = this.panel;
    return `∂${entry(spec.output, flat, spec.outputShape)}/∂${entry(this.leaf.name, column, spec.quantities[this.leaf.quantity].shape)}`;
  }

  show(flat, column) {
    if (flat === undefined) return;
    const value = this.at(flat, column);
    this.told.textContent = `${this.title(flat, column)} = ${number(value)}${this.weighted ? word(this.panel.spec, "times_v", number(value * this.weight(flat))) : ""}`;
  }

  update() {
    this.paint();
  }

  // The colour says the sign, its strength the size beside the largest.
  paint() {
    const value = (flat, column) => this.at(flat, column) * (this.weighted ? this.weight(flat) : 1);
    let largest = 0;
    for (const flat of this.order) for (let column = 0; column < this.leaf.columns; column += 1) largest = Math.max(largest, Math.abs(value(flat, column)) || 0);
    if (this.large) return this.fill(value, largest);
    for (const each of this.cells) {
      const now = value(each.flat, each.column);
      const look = `${now < 0 ? "negative" : now > 0 ? "positive" : "none"} ${largest ? Math.round(100 * Math.sqrt(Math.abs(now) / largest)) : 0}`;
      if (look === each.look) continue;
      each.look = look;
      const [sign, percent] = look.split(" ");
      put(each.cell, "data-sign", sign);
      each.cell.style.setProperty("--strength", percent);
    }
  }

  fill(value, largest) {
    const context = this.picture.getContext("2d", { willReadFrequently: true });
    const style = getComputedStyle(this.element);
    this.tones ??= new Map(); // a colour is read out of the canvas once: that is slow
    const colour = (name) => {
      const css = style.getPropertyValue(`--backward-${name}`).trim();
      if (!this.tones.has(css)) {
        context.fillStyle = css;
        context.fillRect(0, 0, 1, 1);
        this.tones.set(css, context.getImageData(0, 0, 1, 1).data);
      }
      return this.tones.get(css);
    };
    const [positive, negative] = [colour("positive"), colour("negative")];
    const { columns } = this.leaf;
    const image = context.createImageData(columns, this.order.length);
    this.order.forEach((flat, row) => {
      for (let column = 0; column < columns; column += 1) {
        const now = value(flat, column);
        const from = 4 * (row * columns + column);
        const tone = now < 0 ? negative : positive;
        for (let part = 0; part < 3; part += 1) image.data[from + part] = tone[part];
        image.data[from + 3] = largest ? Math.round(255 * Math.sqrt(Math.abs(now) / largest)) : 0;
      }
    });
    context.clearRect(0, 0, columns, this.order.length);
    context.putImageData(image, 0, 0);
  }

  start() {
    this.asking = true;
    this.next();
    this.draw();
  }

  next() {
    for (let start = 0; start < this.data.rows; start += 1) {
      if (this.rows[this.which].has(start)) continue;
      return this.panel.ask("jacobian", { quantity: this.leaf.quantity, start });
    }
    this.asking = false;
  }

  ask(flat, column) {
    if (flat === undefined) return;
    this.show(flat, column);
    if (!this.panel.spec.live) return void this.paths.replaceChildren(make("p", { class: "backward-where" }, word(this.panel.spec, "paths_need")));
    this.paths.replaceChildren(make("p", { class: "backward-where" }, "…"));
    this.panel.ask("paths", { quantity: this.leaf.quantity, row: flat, column });
  }

  answer(message) {
    if (message.what === "jacobian") {
      const which = this.data.leaves.findIndex(({ quantity }) => quantity === message.quantity);
      message.rows.forEach((row, place) => this.rows[which].set(message.start + place, Float64Array.from(row, Number)));
      if (this.asking && which === this.which && message.rows.length) this.next();
      else this.asking = false;
      if (this.element.isConnected) this.draw();
    } else if (message.what === "paths") this.tell(message);
  }

  // Each path with its factors, and their sum: the entry.
  tell({ paths, whole, row, column, error }) {
    if (error) return void this.paths.replaceChildren(make("p", {}, error));
    const rows = paths.map((path) => {
      const way = [path.names[0]];
      path.names.slice(1).forEach((name, place) => way.push(" → ", name, path.factors[place] === null ? "" : make("small", {}, ` ×${number(Number(path.factors[place]))}`)));
      const light = () => this.panel.picture.walk(new Set(path.nodes.filter(Boolean)), path.nodes[0]);
      const item = make("tr", { tabindex: "-1" }, make("td", {}, ...way), make("td", { class: "backward-product" }, number(Number(path.value))));
      for (const kind of ["pointerenter", "focus"]) item.addEventListener(kind, light);
      for (const kind of ["pointerleave", "blur"]) item.addEventListener(kind, () => this.panel.picture.walk(null));
      return item;
    });
    const sum = paths.reduce((total, { value }) => total + Number(value), 0);
    rove(rows, this.panel.built.signal);
    const count = word(this.panel.spec, paths.length === 1 ? "n_path" : "n_paths", paths.length) + (whole ? "" : word(this.panel.spec, "and_more"));
    const foot = make("tr", {}, make("th", { scope: "row" }, whole ? word(this.panel.spec, "sum_of_paths", this.title(row, column)) : word(this.panel.spec, "these_alone")), make("td", { class: "backward-product" }, make("b", {}, number(sum))));
    this.paths.replaceChildren(make("p", { class: "backward-where" }, paths.length ? count : word(this.panel.spec, "no_path")), paths.length ? make("table", {}, make("tbody", {}, ...rows), make("tfoot", {}, foot)) : "");
  }
}
