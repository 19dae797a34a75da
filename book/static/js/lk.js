// What scrolls must be reachable by the keyboard; what is folded must be printed.
(() => {
  const scrollers = "pre, div.math, mjx-container[display=true], .pst-scrollable-table-container, .cell_output .text_html";

  const reach = () => {
    for (const box of document.querySelectorAll(scrollers)) {
      if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
      else if (box.tabIndex === 0) box.removeAttribute("tabindex");
    }
  };
  const later = () => Promise.resolve(window.MathJax?.startup?.promise).then(reach);
  addEventListener("load", later);
  addEventListener("resize", reach);
  addEventListener("toggle", reach, true);

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details.sd-dropdown:not([open])")];
    for (const fold of closed) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of closed) fold.open = false;
  });
})();
