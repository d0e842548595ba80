// Numbers by the rules of `format.py`: 4 significant digits, at most 8 characters and a true minus sign.

const MINUS = "\u2212";
const WIDEST = 8;
const SMALLEST = -9;
const POWERS = Array.from({ length: 18 }, (_, place) => Number(`1e${place + SMALLEST}`));

export function number(x, digits = 4) {
  if (x !== x) return "nan";
  if (x === 0) return "0";
  const sign = x < 0 ? MINUS : "";
  const size = Math.abs(x);
  if (size === Infinity) return sign + "inf";
  if (size < 1e7 && size >= POWERS[0]) {
    const text = decimal(size, digits);
    if (text.length <= WIDEST) return sign + text;
  }
  return sign + exponent(size, digits);
}

function decimal(size, digits) {
  let power = Math.floor(Math.log10(size));
  // log10 is off by one next to a power of ten
  if (size >= POWERS[power + 1 - SMALLEST]) power += 1;
  else if (size < POWERS[power - SMALLEST]) power -= 1;
  const places = Math.max(0, digits - 1 - power);
  return shorten(size.toFixed(places));
}

function exponent(size, digits) {
  let text = "";
  for (let places = digits - 1; places >= 0; places -= 1) {
    const [mantissa, power] = size.toExponential(places).split("e");
    text = `${shorten(mantissa)}e${power.startsWith("-") ? MINUS : ""}${power.slice(1)}`;
    if (text.length <= WIDEST) break;
  }
  return text;
}

function shorten(text) {
  if (!text.includes(".")) return text;
  let end = text.length;
  while (text[end - 1] === "0") end -= 1;
  if (text[end - 1] === ".") end -= 1;
  return text.slice(0, end);
}

export const same = (a, b) => a.length === b.length && a.every((value, place) => value === b[place]);

// What a person typed: with a comma, a true minus sign or spaces; NaN when it is no number.
export function parse(text) {
  const plain = text.trim().replaceAll(MINUS, "-").replace(",", ".");
  return plain === "" ? NaN : Number(plain);
}

// The name of one entry as Python writes it: x.grad[0, 1], or x.grad for a 0-d tensor.
export function entry(name, flat, shape) {
  if (shape.length === 0) return name;
  const index = [];
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    index.unshift(flat % shape[axis]);
    flat = Math.floor(flat / shape[axis]);
  }
  return `${name}[${index.join(", ")}]`;
}
