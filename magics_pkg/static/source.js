// The cell's code, closed until asked for; the expression of the node under the pointer is marked in it.

import { make, word } from "./dom.js";

export class Source {
  constructor(spec) {
    this.spec = spec;
    this.code = make("code", {}, spec.code);
    this.element = spec.code
      ? make("details", { class: "backward-source", open: spec.open }, make("summary", { "data-lm-suppress-shortcuts": "true" }, word(spec, "code")), make("pre", {}, this.code))
      : null;
  }

  light(id) {
    const { code } = this.spec;
    if (!code) return;
    const span = id === null ? undefined : this.spec.spans[id];
    if (!span) return this.code.replaceChildren(code);
    const [from, to] = [this.offset(span[0], span[1]), this.offset(span[2], span[3])];
    this.code.replaceChildren(code.slice(0, from), make("mark", {}, code.slice(from, to)), code.slice(to));
  }

  // Lines count from 1, columns from 0 in characters: Python counts an emoji as one, a JavaScript string as two.
  offset(line, column) {
    const { code } = this.spec;
    let start = 0;
    for (let past = 1; past < line; past += 1) start = code.indexOf("\n", start) + 1;
    return start + [...code.slice(start)].slice(0, column).join("").length;
  }
}
