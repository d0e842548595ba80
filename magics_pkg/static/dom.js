// Elements by name and text; nothing here ever reads a string as HTML.

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Sets an attribute where it says something else: writing what is there already costs a style all the same.
export function put(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

// A word of the panel's own, with what belongs in it: {0}, {1}.
export function word(spec, key, ...parts) {
  return spec.words[key].replace(/\{(\d)\}/g, (_, place) => parts[Number(place)]);
}

// A number that moves: its name as Python writes it, and its place among the shown numbers or in v.
export function moving(tag, name, { at, weight, ...rest } = {}) {
  return make(tag, { "data-value": name, "data-at": at, "data-weight": weight, ...rest }, "\u2007");
}

export function parseSvg(text) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (parsed.nodeName !== "svg") throw new Error("the picture is not an SVG");
  return document.importNode(parsed, true);
}

// A group of elements that is one tab stop; the arrow keys move within it, up and down by a row of so many.
export function rove(items, signal, across = 1) {
  items.forEach((item, place) => {
    item.setAttribute("tabindex", place ? "-1" : "0");
    item.setAttribute("data-lm-suppress-shortcuts", "true");
    item.addEventListener(
      "keydown",
      (event) => {
        const move = { ArrowRight: 1, ArrowDown: across, ArrowLeft: -1, ArrowUp: -across, Home: -place, End: items.length - 1 - place }[event.key];
        const next = items[place + (move ?? 0)];
        if (move === undefined || !next) return;
        event.preventDefault();
        event.stopPropagation();
        item.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      },
      { signal },
    );
  });
}
