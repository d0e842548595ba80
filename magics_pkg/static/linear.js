// Every number shown is base + Σ v[i]·row[i]; the norm of a quantity is the root of a quadratic form in [1, v].

export function floats(bytes) {
  if (!bytes) return new Float64Array(0);
  const view = bytes.buffer ? bytes : new Uint8Array(bytes);
  return new Float64Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

export class Linear {
  // rows: (m+1) x N, base first; form: Q x (m+1) x (m+1) inner products, then Q x (m+1) totals.
  constructor(rows, form, count, quantities) {
    this.count = count;
    this.height = count ? rows.length / count : 1;
    this.rows = rows;
    this.quantities = quantities;
    this.form = form;
    this.totals = quantities * this.height * this.height;
  }

  at(row, place) {
    return this.rows[row * this.count + place];
  }

  shown(v) {
    const out = this.rows.slice(0, this.count);
    for (let row = 1; row < this.height; row += 1) {
      const weight = v[row - 1];
      const from = row * this.count;
      for (let place = 0; place < this.count; place += 1) out[place] += weight * this.rows[from + place];
    }
    return out;
  }

  norm(quantity, v) {
    const { height, form } = this;
    const from = quantity * height * height;
    let square = 0;
    for (let i = 0; i < height; i += 1)
      for (let j = 0; j < height; j += 1)
        square += form[from + i * height + j] * (i ? v[i - 1] : 1) * (j ? v[j - 1] : 1);
    return Math.sqrt(Math.max(square, 0));
  }

  total(quantity, v) {
    const from = this.totals + quantity * this.height;
    let sum = this.form[from];
    for (let row = 1; row < this.height; row += 1) sum += this.form[from + row] * v[row - 1];
    return sum;
  }
}
