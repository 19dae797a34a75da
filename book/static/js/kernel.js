// The kernel editor: computes here what lipkit.experiments.kernel_layer computes in a notebook.
// A test compares the two on many kernels; keep them together.
(() => {
  "use strict";

  const TAPS = [0, 1, 2];
  const MOST = 16; // rows and columns of the largest matrix
  const range = (n) => [...Array(n).keys()];
  const sum = (xs) => xs.reduce((total, x) => total + x, 0);
  const ceil = (a, b) => Math.ceil(a / b);
  const gcd = (a, b) => (b ? gcd(b, a % b) : a);
  const mod = (a, n) => ((a % n) + n) % n;

  // -- one axis: which pixel each tap of each output reads -------------------------------------
  const fold = {
    none: (i, n) => (i >= 0 && i < n ? i : null),
    zeros: (i, n) => (i >= 0 && i < n ? i : null),
    circular: (i, n) => mod(i, n),
    reflect: (i, n) => n - 1 - Math.abs(n - 1 - Math.abs(i)),
    replicate: (i, n) => Math.min(Math.max(i, 0), n - 1),
  };
  const exists = (padding, size) => size >= ({ none: 3, reflect: 2 }[padding] ?? 1);

  const axisOf = (padding, size, stride) => {
    const left = padding === "none" ? 0 : 1;
    const outputs = Math.floor((size + 2 * left - 3) / stride) + 1;
    const positions = range(outputs).map((t) => TAPS.map((a) => t * stride + a - left));
    const sources = positions.map((row) => row.map((i) => fold[padding](i, size)));
    const free = positions.some((row) => row.every((i) => i >= 0 && i < size));
    return { padding, size, stride, left, outputs, positions, sources, free };
  };

  const matrixOf = (kernel, axis) => {
    const { outputs, size, sources } = axis;
    const A = range(outputs ** 2).map(() => Array(size ** 2).fill(0));
    for (const t of range(outputs)) for (const u of range(outputs)) for (const a of TAPS) for (const b of TAPS) {
      const [i, j] = [sources[t][a], sources[u][b]];
      if (i !== null && j !== null) A[t * outputs + u][i * size + j] += kernel[3 * a + b];
    }
    return A;
  };

  // -- norms -----------------------------------------------------------------------------------
  const supNorm = (A) => Math.max(...A.map((row) => sum(row.map(Math.abs))));
  const transposed = (A) => A[0].map((_, j) => A.map((row) => row[j]));

  // Jacobi rotations on A Aᵀ until nothing is left off its diagonal.
  const twoNorm = (A) => {
    const G = A.map((row) => A.map((other) => sum(row.map((x, k) => x * other[k]))));
    const n = G.length;
    const scale = Math.max(...G.map((row, i) => row[i])) || 1;
    for (let sweep = 0; sweep < 60; sweep++) {
      let off = 0;
      for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) {
        off = Math.max(off, Math.abs(G[p][q]));
        if (Math.abs(G[p][q]) > 1e-16 * scale) rotate(G, p, q);
      }
      if (off <= 1e-15 * scale) break;
    }
    return Math.sqrt(Math.max(0, ...G.map((row, i) => row[i])));
  };

  const rotate = (G, p, q) => {
    const theta = (G[q][q] - G[p][p]) / (2 * G[p][q]);
    const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
    const c = 1 / Math.hypot(t, 1);
    const s = t * c;
    for (const row of G) [row[p], row[q]] = [c * row[p] - s * row[q], s * row[p] + c * row[q]];
    const [P, Q] = [G[p], G[q]];
    G[p] = P.map((x, k) => c * x - s * Q[k]);
    G[q] = P.map((x, k) => s * x + c * Q[k]);
  };

  // -- the certificate: the axis as part of a circle, and the largest answer of its waves -------
  const counts = (places, n) => range(n).map((i) => places.filter((place) => place === i).length);

  const circleOf = (axis) => {
    const { padding, size, stride, left, outputs, positions } = axis;
    let [step, points, factor] = [stride, 0, 1];
    if (padding === "circular") {
      step = gcd(stride, size);
      points = size / step;
      const rows = range(outputs).map((t) => (t * (stride / step)) % points);
      factor = Math.sqrt(Math.max(...counts(rows, points)));
    } else if (padding === "none" || padding === "zeros") {
      const right = Math.max(0, (outputs - 1) * stride + 2 - left - (size - 1));
      points = ceil(size + Math.min(2, Math.max(left, right)), stride);
    } else {
      const read = [...new Set(positions.flat())].map((i) => fold[padding](i, size));
      points = ceil((outputs - 1) * stride + 3, stride);
      factor = Math.sqrt(Math.max(...counts(read, size)));
    }
    const shifts = TAPS.map((a) => Math.floor(a / step));
    const phases = TAPS.map((a) => a % step);
    return { points: shifts.some(Boolean) ? points : 1, factor, shifts, phases, step };
  };

  const certificateOf = (kernel, axis) => {
    const { points, factor, shifts, phases, step } = circleOf(axis);
    const strength = (j, k) => {
      const parts = range(step ** 2).map(() => [0, 0]);
      for (const a of TAPS) for (const b of TAPS) {
        const turn = (2 * Math.PI * (j * shifts[a] + k * shifts[b])) / points;
        const part = parts[phases[a] * step + phases[b]];
        part[0] += kernel[3 * a + b] * Math.cos(turn);
        part[1] += kernel[3 * a + b] * Math.sin(turn);
      }
      return Math.hypot(...parts.flat());
    };
    return factor ** 2 * Math.max(...range(points).flatMap((j) => range(points).map((k) => strength(j, k))));
  };

  // -- the layer -------------------------------------------------------------------------------
  const NOTHING = { A: [], free: "there is no such layer" };

  const layer = (kernel, { padding, size, stride }) => {
    if (!exists(padding, size)) return NOTHING;
    const axis = axisOf(padding, size, stride);
    const A = matrixOf(kernel, axis);
    return {
      A,
      free: axis.free ? "some output sees no padding" : "every output sees padding",
      taps: sum(kernel.map(Math.abs)),
      one: supNorm(transposed(A)),
      two: twoNorm(A),
      sup: supNorm(A),
      reshaped: Math.hypot(...kernel),
      circle: twoNorm(matrixOf(kernel, axisOf("circular", size, stride))),
      certificate: certificateOf(kernel, axis),
    };
  };

  // -- numbers as text, each rounded to the side it is on ---------------------------------------
  const even = (x) => (Math.abs(x - Math.trunc(x)) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
  const away = { lower: Math.floor, upper: Math.ceil };

  const shown = (value, [kind, digits]) => {
    if (value === undefined) return "not defined";
    if (value === 0) return "0";
    const last = Math.floor(Math.log10(value)) - digits + 1;
    const scaled = last > 0 ? value / 10 ** last : value * 10 ** -last;
    let steps = even(scaled);
    if (Math.abs(steps - scaled) > 1e-9 * scaled) steps = (away[kind] ?? even)(scaled);
    const carried = steps >= 10 ** digits ? 1 : 0; // a carry must not add a digit
    const places = Math.max(0, -last - carried);
    const rounded = last > 0 ? steps * 10 ** last : steps / 10 ** -last;
    return rounded.toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });
  };

  // -- one editor ------------------------------------------------------------------------------
  const hue = (level) => `var(${level < 0 ? "--lk-below" : "--lk-above"})`;
  const largest = (xs) => Math.max(...xs.map(Math.abs)) || 1;

  const paint = (svg, A) => {
    const most = largest(A.flat());
    [...svg.children].forEach((cell, i) => {
      const x = A[Math.floor(i / MOST)]?.[i % MOST];
      if (x === undefined) return cell.setAttribute("display", "none");
      cell.removeAttribute("display");
      cell.setAttribute("fill", hue(x));
      cell.setAttribute("fill-opacity", Math.round(Math.abs(x / most) * 1000) / 1000);
    });
  };

  const start = (root) => {
    const one = (what) => root.querySelector(what);
    const all = (what) => [...root.querySelectorAll(what)];
    const { kernels, paddings, kinds } = JSON.parse(one("script[type='application/json']").textContent);
    const names = Object.keys(kernels);
    const control = (name) => one(`[data-lk-control="${name}"]`);
    const [named, padding, size, stride] = ["named", "padding", "size", "stride"].map(control);
    const taps = all("[data-lk-tap]");
    const fault = one(".lk-kernel-fault");
    const texts = all("[data-lk-text]");
    const ways = [padding, size, stride];
    const first = ways.map((way) => way.value);

    const write = (key, text) => {
      for (const slot of texts) {
        if (slot.dataset.lkText === key && slot.textContent !== text) slot.textContent = text;
      }
    };

    const read = () => {
      const wrong = taps.find((tap) => tap.value.trim() === "" || !tap.checkValidity());
      for (const tap of taps) tap.toggleAttribute("aria-invalid", tap === wrong);
      fault.hidden = !wrong;
      if (wrong) fault.textContent = `The ${wrong.ariaLabel} needs a number from −99 to 99; the picture waits for it.`;
      return wrong ? null : taps.map((tap) => Number(tap.value));
    };

    const update = () => {
      const kernel = read();
      if (!kernel) return;
      const set = { padding: paddings[padding.value], size: +size.value + 1, stride: +stride.value + 1 };
      const found = layer(kernel, set);
      for (const [key, value] of Object.entries(set)) write(key, String(value));
      write("free", found.free);
      const longest = Math.max(...Object.keys(kinds).map((key) => found[key] ?? 0)) || 1;
      for (const [key, kind] of Object.entries(kinds)) {
        write(key, shown(found[key], kind));
        one(`[data-lk-bar="${key}"]`).style.width = `${(100 * (found[key] ?? 0)) / longest}%`;
      }
      const most = largest(kernel);
      taps.forEach((tap, i) => {
        const strong = Math.round((35 * Math.abs(kernel[i])) / most);
        tap.style.background = `color-mix(in srgb, ${hue(kernel[i])} ${strong}%, transparent)`;
      });
      paint(one(".lk-kernel-matrix"), found.A);
      one(".lk-kernel-matrix").setAttribute("aria-label", one(".lk-ex-say").textContent);
    };

    const begin = (name) => taps.forEach((tap, i) => (tap.value = kernels[name][i]));
    const same = (kernel) => kernel.every((value, i) => value === Number(taps[i].value));
    const settle = () => {
      const known = names.findIndex((name) => same(kernels[name]));
      named.value = known < 0 ? names.length : known;
      update();
    };
    named.addEventListener("input", (event) => {
      event.stopPropagation();
      if (+named.value < names.length) begin(names[named.value]);
      settle();
    });
    one(".lk-ex-back").addEventListener("click", () => {
      ways.forEach((way, i) => (way.value = first[i]));
      begin(names[0]);
      settle();
    });
    root.addEventListener("input", settle);
    addEventListener("pageshow", settle); // a browser may bring the inputs back as they were
    one(".lk-ex-controls").hidden = false;
    one(".lk-ex-still").hidden = true;
    for (const tap of taps) tap.disabled = false;
    settle();
  };

  const startAll = () => document.querySelectorAll("[data-lk-kernel]").forEach(start);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
