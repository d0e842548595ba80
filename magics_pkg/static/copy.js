// A quiet button that copies the picture as an image, as it looks now; where the clipboard is closed, the image is saved.

import { make, word } from "./dom.js";

const [SHARP, LARGEST] = [2, 8000]; // pixels of the image for each of the picture's; pixels along a side at most
const LOOKS = [
  "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "opacity", "paint-order", "text-anchor",
  "font-family", "font-size", "font-weight", "font-style", "font-variant-numeric", "white-space", "display", "visibility",
]; // prettier-ignore

// The SVG with its looks written into it: an image knows no style sheet of the page.
function alone(svg) {
  const copy = svg.cloneNode(true);
  const [from, to] = [[svg, ...svg.querySelectorAll("*")], [copy, ...copy.querySelectorAll("*")]];
  from.forEach((element, place) => {
    const looks = getComputedStyle(element);
    to[place].setAttribute("style", LOOKS.map((name) => `${name}: ${looks.getPropertyValue(name)}`).join("; "));
  });
  return new XMLSerializer().serializeToString(copy);
}

// A PNG of the picture on the panel's own ground.
export async function image(svg, ground) {
  const [width, height] = ["width", "height"].map((side) => Number(svg.getAttribute(side)));
  const scale = Math.min(SHARP, LARGEST / Math.max(width, height));
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(alone(svg))}`;
  await picture.decode();
  const canvas = make("canvas", { width: Math.round(width * scale), height: Math.round(height * scale) });
  const pen = canvas.getContext("2d");
  pen.fillStyle = ground;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no image"))), "image/png"));
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

export class Copy {
  constructor(figure, spec) {
    Object.assign(this, { figure, spec });
    this.file = `${spec.output.replace(/[^\p{L}\p{N}_]+/gu, "-").replace(/^-|-$/g, "") || "graph"}.png`;
    this.said = make("span", { class: "backward-said", role: "status" });
    this.button = make("button", { type: "button", title: word(spec, "copy_title"), "data-lm-suppress-shortcuts": "true", onclick: () => this.press() }, word(spec, "copy"));
    this.element = make("div", { class: "backward-copy" }, this.said, this.button);
  }

  async press() {
    const svg = this.figure.querySelector("svg");
    const ground = getComputedStyle(this.figure.closest(".backward-grid") ?? this.figure).backgroundColor;
    try {
      const made = image(svg, ground);
      try {
        // a browser that asks first wants the item at once, with its content to come
        await navigator.clipboard.write([new ClipboardItem({ "image/png": made })]);
        this.say("copied");
      } catch {
        save(await made, this.file);
        this.say("copy_saved", this.file);
      }
    } catch {
      this.say("copy_failed");
    }
  }

  say(key, ...parts) {
    this.said.textContent = word(this.spec, key, ...parts);
    clearTimeout(this.fading);
    this.fading = setTimeout(() => (this.said.textContent = ""), 4000);
  }
}
