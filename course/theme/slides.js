// Arrows, space, Home, End, a number: move. Esc: all slides. N: notes. D: light or dark.
// Two windows of one browser move together: one for the projector, one with the notes.
// In the view of all slides the keys only choose; Enter or a click takes the other window along.
(() => {
  const root = document.documentElement;
  const slides = [...document.querySelectorAll("main > section")];
  const deck = matchMedia("(min-width: 768px) and (min-aspect-ratio: 1/1)"); // as in the style sheet
  const channel = `slides: ${document.title}`;
  const tell = (place) => {
    try { localStorage.setItem(channel, place); } catch { /* no storage: this window moves alone */ }
  };

  let at = Math.max(0, slides.findIndex((slide) => `#${slide.id}` === location.hash));
  let told = at; // where the other window is
  const over = () => root.classList.contains("overview");
  const show = () => {
    slides[at].focus({ preventScroll: true });
    slides[at].scrollIntoView({ block: over() ? "nearest" : "start" });
    history.replaceState(null, "", `#${slides[at].id}`);
  };
  const go = (place) => {
    at = Math.min(Math.max(place, 0), slides.length - 1);
    show();
  };
  const lead = (place) => {
    go(place);
    if (!over()) tell(told = at);
  };
  const turn = (name, on) => { root.classList.toggle(name, on); show(); };
  const choose = (place) => {
    turn("overview", false);
    lead(place);
  };
  const escape = () => {
    if (over()) at = told;
    else told = at;
    turn("overview");
  };

  let typed = "", pause;
  const type = (digit) => {
    typed = Number(typed + digit) > slides.length ? digit : typed + digit;
    if (Number(typed)) lead(typed - 1);
    clearTimeout(pause);
    pause = setTimeout(() => { typed = ""; }, 1500);
  };

  const next = () => lead(at + 1);
  const back = () => lead(at - 1);
  const acts = {
    ArrowRight: next, ArrowDown: next, PageDown: next, " ": next,
    ArrowLeft: back, ArrowUp: back, PageUp: back,
    Home: () => lead(0),
    End: () => lead(slides.length - 1),
    Escape: escape,
    Enter: () => { if (over()) choose(at); },
    n: () => {
      if (!document.querySelector(".notes")) return;
      turn("notes-shown");
      for (const notes of document.querySelectorAll(".notes")) notes.open = root.classList.contains("notes-shown");
    },
    d: () => {
      const preferred = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      root.dataset.theme = (root.dataset.theme ?? preferred) === "dark" ? "light" : "dark";
    },
  };
  for (const digit of "0123456789") acts[digit] = () => type(digit);

  addEventListener("keydown", (event) => {
    const act = acts[event.key.length > 1 ? event.key : event.key.toLowerCase()];
    const pressing = event.target.closest("button, summary, a") && " Enter".includes(event.key);
    if (!act || !deck.matches || pressing || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    act();
  });
  for (const button of document.querySelectorAll("nav button")) {
    button.addEventListener("click", () => acts[button.dataset.key]());
  }
  slides.forEach((slide, place) => slide.addEventListener("click", () => {
    if (over()) choose(place);
  }));

  // By wheel, by touch or by the other window.
  addEventListener("scroll", () => {
    if (over()) return;
    const distance = (slide) => Math.abs(slide.getBoundingClientRect().top);
    at = slides.indexOf(slides.reduce((best, slide) => (distance(slide) < distance(best) ? slide : best)));
  });
  addEventListener("storage", (event) => {
    if (event.key === channel && event.newValue !== null) go(told = Number(event.newValue));
  });
  addEventListener("resize", () => slides[at].scrollIntoView());

  let asleep;
  addEventListener("pointermove", () => {
    root.classList.add("awake");
    clearTimeout(asleep);
    asleep = setTimeout(() => root.classList.remove("awake"), 2000);
  });
})();
