// The cell's code. What an expression made lights up as it is pointed at, and the other way round; the arrow keys go from
// expression to expression.

import { make, rove, word } from "./dom.js";

export class Source {
  // point(ids, around): the cards of the innermost expression that is pointed at, and those of the ones around it;
  // pick(ids): it was clicked.
  constructor(spec, point, pick, signal) {
    this.code = spec.code;
    this.spans = this.collect(spec.spans);
    this.of = new Map(this.spans.flatMap((span) => span.ids.map((id) => [id, span])));
    this.pieces = [];
    this.element = make("pre", { class: "backward-source", "aria-label": word(spec, "cell_code") }, make("code", {}, ...this.cut(spec.parts.inspect.cards)));
    const spanOf = (event) => this.pieces.find(({ element }) => element === event.target.closest?.(".backward-piece"))?.around;
    const show = (event) => {
      const around = spanOf(event);
      if (!around) return event.type === "pointerover" ? this.leave(point) : undefined;
      this.mark(around[0]);
      point(around[0].ids, around.slice(1).flatMap(({ ids }) => ids));
    };
    for (const kind of ["pointerover", "focusin"]) this.element.addEventListener(kind, show, { signal });
    for (const kind of ["pointerleave", "focusout"]) this.element.addEventListener(kind, () => this.leave(point), { signal });
    const choose = (event) => {
      const around = spanOf(event);
      if (!around || !(event.type === "click" || event.key === "Enter" || event.key === " ")) return;
      event.preventDefault();
      pick(around[0].ids);
    };
    for (const kind of ["click", "keydown"]) this.element.addEventListener(kind, choose, { signal });
    rove(
      this.spans.map((span) => this.pieces.find(({ around }) => around[0] === span)?.element).filter(Boolean),
      signal,
    );
  }

  leave(point) {
    this.mark(null);
    point([], []);
  }

  // The spans of all cards, each once, in the order of the text.
  collect(spans) {
    const found = new Map();
    for (const [id, [line, column, last, end]] of Object.entries(spans)) {
      const [from, to] = [this.offset(line, column), this.offset(last, end)];
      const key = `${from} ${to}`;
      if (!found.has(key)) found.set(key, { from, to, ids: [] });
      found.get(key).ids.push(id);
    }
    return [...found.values()].filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from || b.to - a.to);
  }

  // The text in pieces, each with the spans around it, the innermost first.
  cut(cards) {
    const ends = [...new Set([0, this.code.length, ...this.spans.flatMap(({ from, to }) => [from, to])])].sort((a, b) => a - b);
    return ends.slice(1).map((to, place) => {
      const text = this.code.slice(ends[place], to);
      const around = this.spans.filter((span) => span.from <= ends[place] && to <= span.to).sort((a, b) => a.to - a.from - (b.to - b.from));
      if (!around.length) return text;
      const [{ from, to: end, ids }] = around;
      const names = [...new Set(ids.map((id) => cards[id]?.op || cards[id]?.name))].join(", ");
      const element = make("span", { class: "backward-piece", role: "button", tabindex: "-1", "aria-label": `${this.code.slice(from, end)}: ${names}` }, text);
      this.pieces.push({ element, around, from: ends[place], to });
      return element;
    });
  }

  light(id) {
    this.mark(id === null ? null : this.of.get(id));
  }

  mark(span, name = "lit") {
    for (const { element, from, to } of this.pieces) element.classList.toggle(name, Boolean(span) && span.from <= from && to <= span.to);
  }

  pin(id) {
    this.mark(id === null ? null : this.of.get(id), "pinned");
  }

  // Lines count from 1, columns from 0 in characters: Python counts an emoji as one, a JavaScript string as two.
  offset(line, column) {
    const { code } = this;
    let start = 0;
    for (let past = 1; past < line; past += 1) start = code.indexOf("\n", start) + 1;
    const end = code.indexOf("\n", start);
    return start + [...code.slice(start, end < 0 ? code.length : end)].slice(0, column).join("").length;
  }
}
