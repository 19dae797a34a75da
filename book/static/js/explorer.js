// Explorers move here what lipkit.teach.explorers drew: this script formats no number and scales
// no axis. Its verbs are those of _draw.py; a test holds the two together.
(() => {
  "use strict";

  const GAP = 65535;
  const HOLE = 255;
  const LEVELS = 254;
  const TURN = 0.62;
  const SVG = "http://www.w3.org/2000/svg";

  // -- the numbers ---------------------------------------------------------------------------
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const words = (text) => new Uint16Array(bytes(text).buffer);

  // An array of codes for each state; equal ones are stored once.
  const unpacked = ({ wide, data, size, ends, index }) => {
    const all = wide ? words(data) : bytes(data);
    const which = index && words(index);
    const only = all.length === size;
    return (state) => {
      const i = only ? 0 : which ? which[state] : state;
      if (size !== undefined) return all.subarray(i * size, (i + 1) * size);
      return all.subarray(i ? ends[i - 1] : 0, ends[i]);
    };
  };

  const textOf = ({ texts, index }) => {
    const which = index && words(index);
    return (state) => texts[which ? which[state] : state];
  };

  // -- from codes to places ------------------------------------------------------------------
  const fraction = (code) => (code === GAP ? NaN : (code / (GAP - 1)) * 3 - 1);
  const short = (x) => String(Math.round(x * 10) / 10);
  const xs = (box, codes) => Array.from(codes, (code) => box[0] + fraction(code) * box[2]);
  const ys = (box, codes) => Array.from(codes, (code) => box[1] + (1 - fraction(code)) * box[3]);

  // The stretches of points between gaps.
  const runs = (...columns) => {
    const found = [];
    let run = null;
    columns[0].forEach((_, i) => {
      const point = columns.map((column) => column[i]);
      if (point.some(Number.isNaN)) run = null;
      else if (run) run.push(point);
      else found.push((run = [point]));
    });
    return found;
  };

  // How strong the two hues of a level are.
  const strengths = (code, signed) => {
    if (!signed) return [code === HOLE ? 0 : code, 0];
    const above = code === HOLE ? 0 : 2 * (code - LEVELS / 2);
    return [Math.max(above, 0), Math.max(-above, 0)];
  };

  const path = (points) => "M" + points.map(([x, y]) => `${short(x)} ${short(y)}`).join("L");

  // -- the verbs: each moves one element -----------------------------------------------------
  const verbs = {
    line(element, { box }, { x, y }) {
      element.setAttribute("d", runs(xs(box, x), ys(box, y)).map(path).join(""));
    },

    area(element, { box }, { x, y }) {
      const shapes = runs(xs(box, x), ys(box, y));
      element.setAttribute("d", shapes.map((shape) => path(shape) + "Z").join(""));
    },

    band(element, { box }, { x, low, high }) {
      const around = (run) => [
        ...run.map(([at, , top]) => [at, top]),
        ...run.reverse().map(([at, bottom]) => [at, bottom]),
      ];
      const shapes = runs(xs(box, x), ys(box, low), ys(box, high));
      element.setAttribute("d", shapes.map((run) => path(around(run)) + "Z").join(""));
    },

    place(element, { box }, { x, y }) {
      const [left, top] = [x ? xs(box, x)[0] : 0, y ? ys(box, y)[0] : 0];
      if (Number.isNaN(left + top)) return element.setAttribute("display", "none");
      element.removeAttribute("display");
      element.setAttribute("transform", `translate(${short(left)} ${short(top)})`);
      const turn = x && fraction(x[0]) > TURN;
      for (const text of element.querySelectorAll("[data-lk-turn]")) {
        text.setAttribute("x", (turn ? "-" : "") + text.dataset.lkTurn);
        text.setAttribute("text-anchor", turn ? "end" : "start");
      }
    },

    image(element, { signed, columns }, { level }) {
      const canvas = document.createElement("canvas");
      canvas.width = columns;
      canvas.height = level.length / columns;
      const pixels = new ImageData(columns, canvas.height);
      level.forEach((code, i) => {
        const [up, down] = strengths(code, signed);
        pixels.data.set([up, 0, down, 255], 4 * i);
      });
      canvas.getContext("2d").putImageData(pixels, 0, 0);
      element.setAttribute("href", canvas.toDataURL());
    },

    patches(element, { box, signed, hues }, { x, y, level }) {
      const shapes = runs(xs(box, x), ys(box, y));
      while (element.childElementCount > shapes.length) element.lastElementChild.remove();
      while (element.childElementCount < shapes.length) {
        element.append(document.createElementNS(SVG, "path"));
      }
      shapes.forEach((shape, i) => {
        const [up, down] = strengths(level[i], signed);
        const patch = element.children[i];
        patch.setAttribute("d", path(shape) + "Z");
        patch.setAttribute("fill", hues[down > 0 ? 1 : 0]);
        patch.setAttribute("fill-opacity", Math.round(((up + down) / LEVELS) * 1000) / 1000);
      });
    },
  };

  // -- controls, each with its place on the grid ---------------------------------------------
  const placeOf = ({ input }) => Number(input.type === "checkbox" ? input.checked : input.value);

  const put = ({ input }, place) => {
    if (input.type === "checkbox") input.checked = Boolean(place);
    else input.value = place;
  };

  // The last control runs fastest.
  const withStrides = (root, controls) => {
    let stride = 1;
    for (const control of [...controls].reverse()) {
      control.input = root.querySelector(`[data-lk-control="${control.name}"]`);
      control.stride = stride;
      stride *= control.texts.length;
    }
    return controls;
  };

  const stateOf = (controls) =>
    controls.reduce((sum, control) => sum + placeOf(control) * control.stride, 0);

  const speak = (control) => {
    const { input, texts } = control;
    if (input.type === "range") input.setAttribute("aria-valuetext", texts[placeOf(control)]);
  };

  // The controls go to the values nearest to the pointer, along one axis or both.
  const follow = (event, area, axes, controls) => {
    const box = area.getBoundingClientRect();
    const pointer = [
      (event.clientX - box.left) / box.width,
      1 - (event.clientY - box.top) / box.height,
    ];
    axes.forEach((axis, side) => {
      if (!axis) return;
      const away = axis.at.map((place) => Math.abs(place - pointer[side]));
      put(controls[axis.control], away.indexOf(Math.min(...away)));
    });
  };

  const onDrag = (area, moved) => {
    area.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      area.setPointerCapture(event.pointerId);
      moved(event);
    });
    area.addEventListener("pointermove", (event) => {
      if (area.hasPointerCapture(event.pointerId)) moved(event);
    });
  };

  // -- texts ---------------------------------------------------------------------------------
  // What stays the same is not read out again.
  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const fillTable = (body, along, texts, state) => {
    const here = placeOf(along);
    [...body.rows].forEach((row, i) => {
      const there = state + (i - here) * along.stride;
      for (const cell of row.cells) {
        const text = texts[cell.dataset.lkCell];
        if (text) write(cell, text(there));
      }
      if (i === here) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    });
  };

  // The current row stays in sight, without moving the page.
  const showRow = (scroll) => {
    const row = scroll.querySelector("[aria-current]").getBoundingClientRect();
    const box = scroll.getBoundingClientRect();
    scroll.scrollTop += row.top - box.top - box.height / 2;
  };

  // -- one explorer --------------------------------------------------------------------------
  const each = (things, change) =>
    Object.fromEntries(Object.entries(things).map(([name, thing]) => [name, change(thing)]));

  const start = (root) => {
    const one = (selector) => root.querySelector(selector);
    const all = (selector) => [...root.querySelectorAll(selector)];
    const content = JSON.parse(one("script[type='application/json']").textContent);
    const [arrays, texts] = [each(content.arrays, unpacked), each(content.texts, textOf)];
    const moves = content.moves.map((move) => ({
      ...move,
      hues: content.hues,
      element: one(`[data-lk-move="${move.at}"]`),
    }));
    const controls = withStrides(root, content.controls);
    const body = one("[data-lk-along]");
    const along = controls.find((control) => control.name === body.dataset.lkAlong);
    const slots = all("[data-lk-text]").filter((slot) => slot.dataset.lkText in texts);

    const update = () => {
      const state = stateOf(controls);
      controls.forEach(speak);
      for (const slot of slots) write(slot, texts[slot.dataset.lkText](state));
      for (const move of moves) {
        verbs[move.verb](move.element, move, each(move.from, (name) => arrays[name](state)));
      }
      const said = one(".lk-ex-say").textContent;
      for (const picture of all(".lk-ex-picture")) picture.setAttribute("aria-label", said);
      fillTable(body, along, texts, state);
      showRow(one(".lk-ex-scroll"));
    };

    all(".lk-ex-area").forEach((area, i) => {
      onDrag(area, (event) => {
        follow(event, area, content.drags[i], controls);
        update();
      });
    });
    one(".lk-ex-back").addEventListener("click", () => {
      for (const control of controls) put(control, control.start);
      update();
    });
    root.addEventListener("input", update);
    one(".lk-ex-numbers").addEventListener("toggle", update);
    addEventListener("pageshow", update); // a browser may bring the controls back as they were
    one(".lk-ex-controls").hidden = false;
    one(".lk-ex-still").hidden = true;
    update();
  };

  const startAll = () => document.querySelectorAll("[data-lk-explorer]").forEach(start);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
