// The keyboard: the same keys on every page; `?` shows them.
"use strict";

(() => {
  let going = false;
  const overlay = () => document.getElementById("keys");
  const typing = (target) =>
    target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

  const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);
  const current = () => document.querySelector("[data-row].current");
  const step = (by) => {
    const list = rows();
    if (!list.length) return;
    const at = list.indexOf(current());
    const next = list[Math.min(list.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
    current()?.classList.remove("current");
    next.classList.add("current");
    next.scrollIntoView({ block: "nearest" });
    next.querySelector("a[href]")?.focus({ preventScroll: true });
  };

  const actions = {
    "?": () => overlay()?.showModal(),
    "/": () => document.querySelector("[data-search]")?.focus(),
    j: () => step(1),
    k: () => step(-1),
    x: () => current()?.querySelector("input[data-select]")?.click(),
    v: () => document.querySelector("[data-swap]")?.click(),
    z: () => document.querySelector("[data-view]")?.click(),
    g: () => {
      going = true;
      setTimeout(() => { going = false; }, 1200);
    },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (going && event.key !== "g") {
      going = false;
      const link = document.querySelector(`.side-link[data-go="${CSS.escape(event.key)}"]`);
      if (link) {
        event.preventDefault();
        link.click();
      }
      return;
    }
    const action = actions[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-show-keys]")) overlay()?.showModal();
  });
})();
