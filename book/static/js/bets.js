// Bets: an answer is committed before it is seen, and kept in this browser, or else for this visit.
(() => {
  const visit = new Map();
  let shelf = { getItem: (key) => visit.get(key), setItem: (key, text) => visit.set(key, text) };
  let where = "It is kept until you leave this page.";
  try {
    localStorage.setItem("lk-bet", "");
    shelf = localStorage;
    where = "It is kept in this browser.";
  } catch {} // the visit remembers
  const key = (name) => `lk-bet ${location.pathname} ${name}`;
  const keep = (name, value) => shelf.setItem(key(name), JSON.stringify(value));
  const recall = (name) => {
    try {
      return JSON.parse(shelf.getItem(key(name)));
    } catch {
      return null;
    }
  };

  const plain = (x) => (Math.abs(x) >= 1000 ? Math.round(x).toLocaleString("en") : `${+x.toPrecision(4)}`);
  const rough = (x) => plain(+x.toPrecision(2));
  const inside = (bet, x) => Number.isFinite(x) && x >= bet.limits[0] && x <= bet.limits[1];

  // A number's place on its axis, from 0 to 1, and back.
  const ends = (bet) => bet.limits.map((end) => (bet.log ? Math.log10(end) : end));
  const place = (bet, x) => {
    const [low, high] = ends(bet);
    return ((bet.log ? Math.log10(x) : x) - low) / (high - low);
  };
  const value = (bet, part) => {
    const [low, high] = ends(bet);
    const x = low + part * (high - low);
    return +(bet.log ? 10 ** x : x).toPrecision(6);
  };

  const draw = (bet, svg, ys) => {
    const old = svg.querySelector(".lk-bet-line");
    const line = old ?? svg.appendChild(document.createElementNS(svg.namespaceURI, "polyline"));
    line.setAttribute("class", "lk-bet-line");
    line.setAttribute("points", ys.map((y, i) => `${bet.x[i]},${bet.top + (1 - place(bet, y)) * bet.height}`).join(" "));
  };

  const gapOf = (bet, truth, x) => {
    if (truth === x) return ", as you said";
    if (!bet.log) return `, ${rough(Math.abs(truth - x))} ${truth > x ? "more" : "less"} than your bet`;
    const [ratio, percent] = [truth / x, Math.ceil(100 * Math.abs(truth / x - 1) - 1e-9)];
    if (percent <= 10) return `, within ${percent} % of your bet`;
    return ratio > 1 ? `, ${rough(ratio)} times your bet` : `; your bet is ${rough(1 / ratio)} times that`;
  };

  // What each kind of bet reads, writes, says; `compare` gives the words around the answer.
  const kinds = {
    choice: {
      valid: (bet, text) => bet.options.includes(text),
      read: (bet, inputs) => inputs.find((input) => input.checked).value,
      write: (bet, inputs, text) => inputs.forEach((input) => (input.checked = input.value === text)),
      said: (bet, text) => `You chose ${text}`,
      compare: (bet, { truth }, text) => [`You chose ${text}${text === truth ? ", and" : "."} `, ""],
    },
    number: {
      valid: inside,
      read: (bet, [input]) => input.valueAsNumber,
      write: (bet, [input], x) => (input.value = x ?? ""),
      said: (bet, x) => `You bet ${plain(x)}${bet.unit}`,
      compare: (bet, { truth }, x) => [`You bet ${plain(x)}${bet.unit}. `, gapOf(bet, truth, x)],
    },
    curve: {
      valid: (bet, ys) => Array.isArray(ys) && ys.length === bet.x.length && ys.every((y) => inside(bet, y)),
      read: (bet, inputs) => inputs.map((input) => value(bet, input.value / 100)),
      write(bet, inputs, ys) {
        inputs.forEach((input, i) => (input.value = ys ? 100 * place(bet, ys[i]) : 50));
        inputs[0].dispatchEvent(new Event("input", { bubbles: true }));
      },
      said: () => "You drew a curve",
      compare(bet, answer, ys, reveal) {
        draw({ ...bet, ...answer }, reveal.querySelector("svg"), ys);
        const gaps = ys.map((y, i) => Math.abs(place(bet, y) - place(bet, answer.truth[i])));
        const i = gaps.indexOf(Math.max(...gaps));
        const said = `you said ${plain(ys[i])}, it is ${plain(answer.truth[i])}`;
        return ["You drew the dashed line. ", `, furthest from yours at ${bet.xlabel} ${bet.labels[i]}: ${said}`];
      },
    },
  };

  const startCurve = (bet, form, sliders) => {
    const svg = form.querySelector("svg");
    form.addEventListener("input", () => {
      const ys = kinds.curve.read(bet, sliders);
      sliders.forEach((slider, i) => {
        slider.nextElementSibling.textContent = plain(ys[i]);
        slider.setAttribute("aria-valuetext", plain(ys[i]));
      });
      draw(bet, svg, ys);
    });
    const point = (event) => {
      if (!event.buttons || form.firstElementChild.disabled) return;
      event.preventDefault();
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      const gaps = bet.x.map((x) => Math.abs(x - at.x));
      const slider = sliders[gaps.indexOf(Math.min(...gaps))];
      slider.value = 100 * (1 - (at.y - bet.top) / bet.height);
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    };
    for (const name of ["pointerdown", "pointermove"]) svg.addEventListener(name, point);
  };

  const tell = (bet, reveal, answer, found) => {
    const [wait, details] = reveal.children;
    const none = found === null;
    reveal.querySelector(".lk-bet-line")?.remove();
    const around = none ? ["", ""] : kinds[bet.kind].compare(bet, answer, found, reveal);
    reveal.querySelectorAll(".lk-reveal-word").forEach((word, i) => (word.textContent = around[i]));
    wait.hidden = details.firstElementChild.hidden = !none;
    details.open = !none;
  };

  const start = (block) => {
    const bet = JSON.parse(block.dataset.bet);
    const kind = kinds[bet.kind];
    const form = block.querySelector("form");
    const [fields, button] = form.children;
    const inputs = [...form.querySelectorAll("input")];
    const reveals = [...document.querySelectorAll("[data-reveal]")]
      .map((reveal) => [reveal, JSON.parse(reveal.dataset.reveal)])
      .filter(([, answer]) => answer.name === bet.name);
    const mine = () => [recall(bet.name)].find((found) => kind.valid(bet, found)) ?? null;
    const show = (otherwise) => {
      const found = mine();
      fields.disabled = found !== null;
      button.textContent = found === null ? "Commit" : "Bet again";
      const said = found === null ? otherwise : `${kind.said(bet, found)}. ${where}`;
      block.querySelector("[role=status]").textContent = said;
      for (const [reveal, answer] of reveals) tell(bet, reveal, answer, found);
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      keep(bet.name, mine() === null ? kind.read(bet, inputs) : null);
      show("Your bet is taken back.");
      button.focus();
    });
    if (bet.kind === "curve") startCurve(bet, form, inputs);
    kind.write(bet, inputs, mine());
    block.querySelector(".lk-bet-paper").classList.add("lk-bet-print");
    form.hidden = false;
    show("");
  };

  addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-bet]").forEach(start));
})();
