// The sentence: x.grad = Jᵀ v, and the entry under the pointer spelled out: x.grad[0] = 2 × 0.1 = 0.2.

import { make, moving, word } from "./dom.js";
import { entry, number } from "./number.js";
import { Numbers } from "./numbers.js";

const LONGEST = 4; // so many products are written out, the largest ones

export class Sentence {
  constructor(spec, linear) {
    this.spec = spec;
    this.linear = linear;
    this.formula = make("span", { class: "backward-formula" });
    this.spelled = make("span", { class: "backward-spelled" });
    this.element = make("header", { class: "backward-sentence" }, this.formula, this.spelled);
    this.numbers = new Numbers();
    this.at = -1;
    const first = spec.quantities[spec.leaves[0]];
    if (first) this.show(Math.max(0, first.indices.findIndex((_, place) => this.terms(first.offset + place).length)) + first.offset);
    else this.formula.append(word(spec, "no_gradient"));
  }

  find(at) {
    return this.spec.quantities.findIndex((each) => at >= each.offset && at < each.offset + each.indices.length);
  }

  show(at) {
    if (at === this.at) return;
    const which = this.find(at);
    if (which < 0) return;
    this.at = at;
    const quantity = this.spec.quantities[which];
    const leaf = this.spec.leaves.includes(which);
    this.write(quantity, leaf, quantity.indices[at - quantity.offset]);
    this.numbers.collect(this.spelled);
    if (this.last) this.numbers.write(...this.last);
  }

  write(quantity, leaf, flat) {
    const { spec, linear, at } = this;
    const scalar = spec.outputShape.length === 0;
    const variable = quantity.name.replace(/\.grad$/, "");
    const italic = (text) => make("i", {}, text);
    const before = linear.at(0, at) !== 0 && spec.linear;
    const held = before ? [word(spec, spec.complete ? "what_it_held" : "the_rest"), " + "] : [];
    const product = scalar ? [italic(`∂${spec.output}/∂${variable}`), " · ", italic("v")] : [italic("J"), "ᵀ ", italic("v")];
    const meaning = scalar ? null : make("span", { class: "backward-where" }, `J = ∂${spec.output}/∂${variable}`);
    if (leaf) this.formula.replaceChildren(italic(quantity.name), " = ", ...held, ...product, ...(meaning ? [meaning] : []));
    const name = entry(quantity.name, flat, quantity.shape);
    const result = moving("b", name, { at });
    const terms = spec.linear ? this.terms(at) : [];
    if (!terms.length) return this.spelled.replaceChildren(`${name} = `, result);
    const parts = [`${name} = `];
    if (leaf) parts.push(...this.symbols(variable, flat, quantity.shape, terms, before, scalar), " = ");
    parts.push(...this.products(terms, before, at));
    parts.push(" = ");
    this.spelled.replaceChildren(...parts, result);
  }

  terms(at) {
    const found = [];
    for (let row = 1; row < this.linear.height; row += 1) {
      const factor = this.linear.at(row, at);
      if (factor !== 0) found.push({ row, factor });
    }
    return found;
  }

  symbols(variable, flat, shape, terms, before, scalar) {
    const { spec } = this;
    const below = entry(variable, flat, shape);
    const many = terms.length > 1;
    const index = spec.weights[terms[0].row - 1].flat;
    const above = scalar ? spec.output : many ? `${spec.output}[i]` : entry(spec.output, index, spec.outputShape);
    const weight = scalar ? "v" : many ? "v[i]" : entry("v", index, spec.outputShape);
    const text = `${before ? `${word(spec, spec.complete ? "symbol_held" : "symbol_rest")} + ` : ""}${many ? "Σ " : ""}∂${above}/∂${below} · ${weight}`;
    return [make("span", { class: "backward-symbols" }, text)];
  }

  products(terms, before, at) {
    const parts = before ? [number(this.linear.at(0, at))] : [];
    let chosen = terms;
    if (terms.length > LONGEST) {
      const largest = [...terms].sort((a, b) => Math.abs(b.factor) - Math.abs(a.factor)).slice(0, LONGEST - 1);
      chosen = terms.filter((term) => largest.includes(term));
    }
    for (const { row, factor } of chosen) {
      const { name, flat } = this.spec.weights[row - 1];
      const bare = number(factor);
      parts.push(parts.length ? ` + ${factor < 0 ? `(${bare})` : bare} × ` : `${bare} × `, moving("span", name, { weight: flat }));
    }
    if (chosen.length < terms.length) parts.push(` + … ${word(this.spec, "more", terms.length - chosen.length)}`);
    return parts;
  }

  update(shown, v) {
    this.last = [shown, v];
    this.numbers.write(shown, v);
  }
}
