// The graph: edges as wide as their gradient is large, in the colour of its sign; a node under the pointer lights its path.

import { parseSvg, rove } from "./dom.js";

const [THINNEST, FULL, THICKEST] = [1.2, 4, 6]; // as in svg.py
const SMALLEST_SCALE = 0.64;
const TALLER = 1.35; // of its room, up to which the picture takes more
const COLUMN = 560; // pixels that the graph has beside the weights in an ordinary notebook

function thickness(norm, largest) {
  if (!Number.isFinite(norm)) return THICKEST;
  return norm > 0 ? Math.min(THICKEST, THINNEST + (FULL - THINNEST) * Math.sqrt(norm / largest)) : 1;
}

function signOf(total, norm) {
  if (!Number.isFinite(total) || !Number.isFinite(norm)) return "broken";
  if (norm === 0) return "nothing";
  if (Math.abs(total) <= 1e-9 * norm) return "mixed";
  return total > 0 ? "positive" : "negative";
}

export class Picture {
  constructor(figure, svg, spec, linear, start, signal) {
    this.figure = figure;
    this.spec = spec;
    this.signal = signal;
    this.svg = svg ? parseSvg(svg) : null;
    figure.replaceChildren(...(this.svg ? [this.svg] : []));
    this.edges = [];
    if (!this.svg) return;
    const wide = Number(this.svg.getAttribute("width"));
    // never larger than drawn, and never too small to read: then it scrolls
    Object.assign(this.svg.style, { maxWidth: `${wide}px`, minWidth: `${Math.round(wide * SMALLEST_SCALE)}px` });
    figure.classList.toggle("backward-wide", wide * SMALLEST_SCALE > COLUMN);
    for (const edge of this.svg.querySelectorAll("[data-edge][data-grad]")) {
      this.edges.push({ path: edge.querySelector("path"), grad: Number(edge.dataset.grad), width: "", sign: "" });
    }
    const norms = this.edges.map((edge) => linear.norm(edge.grad, start)).filter((norm) => norm > 0 && Number.isFinite(norm));
    this.largest = norms.length ? Math.max(...norms) : 1;
  }

  // When it stands in the page: what opens and folds must know where it is.
  wire(folds) {
    if (!this.svg) return;
    const nodes = [...this.svg.querySelectorAll("[data-node]")];
    rove([...nodes, ...(folds?.wire(this.svg, this.signal) ?? [])], this.signal);
    const light = (event) => {
      const node = event.target.closest?.("[data-node]");
      this.light(node?.dataset.node ?? null);
    };
    const pick = (event) => {
      const node = event.target.closest?.("[data-node]");
      if (!node || (folds && node.dataset.open !== undefined)) return; // a folded card opens
      if (event.type === "click" || event.key === "Enter") this.onpick?.(node.dataset.of ?? node.dataset.node);
    };
    for (const kind of ["click", "keydown"]) this.svg.addEventListener(kind, pick, { signal: this.signal });
    for (const kind of ["pointerover", "focusin"]) this.svg.addEventListener(kind, light, { signal: this.signal });
    for (const kind of ["pointerleave", "focusout"]) this.svg.addEventListener(kind, () => this.light(null), { signal: this.signal });
  }

  light(id) {
    if (id === this.lit) return;
    this.lit = id;
    this.mark(id === null ? [] : [id]);
    this.onlight?.(id);
  }

  // Several cards, and more faintly those in whose source they stand.
  mark(ids, around = []) {
    for (const node of this.svg?.querySelectorAll("[data-node]") ?? []) {
      node.classList.toggle("lit", ids.includes(node.dataset.node));
      node.classList.toggle("around", around.includes(node.dataset.node));
    }
    for (const edge of this.svg?.querySelectorAll("[data-tail]") ?? []) edge.classList.toggle("lit", ids.includes(edge.dataset.tail) || ids.includes(edge.dataset.head));
  }

  // The card that is looked into, with its copies.
  pin(id) {
    for (const node of this.svg?.querySelectorAll("[data-node]") ?? []) node.classList.toggle("pinned", id !== null && (node.dataset.of ?? node.dataset.node) === id);
  }

  // The picture moves in its own room, and only where the card is not wholly seen; the page does not.
  reveal(id, always = false) {
    const node = this.svg?.querySelector(`[data-node="${CSS.escape(id)}"]`);
    if (!node) return null;
    const [card, box] = [node.getBoundingClientRect(), this.figure.getBoundingClientRect()];
    if (always || card.top < box.top || card.bottom > box.bottom) this.figure.scrollTop += card.top - box.top - (box.height - card.height) / 2;
    if (always || card.left < box.left || card.right > box.right) this.figure.scrollLeft += card.left - box.left - (box.width - card.width) / 2;
    return node;
  }

  // Into the middle of what is seen of the picture; the page itself moves only as far as it must.
  centre(id) {
    const node = this.reveal(id, true);
    if (!node) return;
    node.scrollIntoView({ block: "nearest", inline: "nearest" });
    node.focus({ preventScroll: true });
  }

  // How far a backward pass has come: the cards that it has been to, where it is, and the edges that it sends along; null:
  // no pass is followed.
  walk(done, now = null, sending = []) {
    if (!this.svg) return;
    this.svg.classList.toggle("walking", done !== null);
    const copy = (node) => node.dataset.of ?? node.dataset.node;
    for (const node of this.svg.querySelectorAll("[data-node]")) {
      node.classList.toggle("done", done?.has(copy(node)) ?? false);
      node.classList.toggle("now", copy(node) === now);
    }
    for (const edge of this.svg.querySelectorAll("[data-edge]")) {
      edge.classList.toggle("sending", sending.includes(edge.dataset.edge));
      edge.classList.toggle("done", done?.has(edge.dataset.head) ?? false);
    }
    for (const label of this.svg.querySelectorAll("[data-label]")) label.classList.toggle("done", this.svg.querySelector(`[data-edge="${CSS.escape(label.dataset.label)}"]`)?.classList.contains("done") ?? false);
  }

  // A browser whose letters are wider than ours were measured squeezes a text instead of letting it run out of its card.
  fit() {
    this.figure.classList.remove("backward-tall");
    // a picture a little taller than its room is shown whole: else its last card would be hidden
    this.figure.classList.toggle("backward-tall", this.figure.scrollHeight <= TALLER * this.figure.clientHeight);
    for (const node of this.svg?.querySelectorAll("[data-node]") ?? []) {
      const card = node.querySelector(".card");
      const right = Number(card.getAttribute("x")) + Number(card.getAttribute("width")) - 8;
      for (const text of node.querySelectorAll(".name, .code, .remark")) {
        const room = right - Number(text.getAttribute("x"));
        if (text.getComputedTextLength() > room) {
          text.setAttribute("textLength", String(room));
          text.setAttribute("lengthAdjust", "spacingAndGlyphs");
        }
      }
    }
  }

  entries(edge, shown) {
    const { offset, indices } = this.spec.quantities[edge.grad];
    return shown.subarray(offset, offset + indices.length);
  }

  // Where v does not act linearly the rows say nothing: an edge is as wide as the numbers that are shown of it.
  update(linear, v, shown) {
    for (const edge of this.edges) {
      const norm = v ? linear.norm(edge.grad, v) : Math.hypot(...this.entries(edge, shown));
      const total = v ? linear.total(edge.grad, v) : this.entries(edge, shown).reduce((sum, each) => sum + each, 0);
      const sign = signOf(total, norm);
      const width = thickness(norm, this.largest).toFixed(2);
      if (width !== edge.width) edge.path.setAttribute("stroke-width", (edge.width = width));
      if (sign !== edge.sign) edge.path.setAttribute("class", (edge.sign = sign));
    }
  }
}
