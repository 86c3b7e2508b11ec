// What every page does: the CSRF token on htmx requests, menus, selection in lists.
"use strict";

(() => {
  const token = () => document.querySelector('meta[name="csrf-token"]').content;

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") event.detail.headers["X-CSRF-Token"] = token();
  });

  // The link to the server broke: say so where errors appear; what was typed stays.
  document.addEventListener("htmx:sendError", () => {
    const place = document.getElementById("notice");
    if (!place) return;
    const note = document.createElement("div");
    note.className = "note late";
    note.textContent = JSON.parse(document.body.dataset.words).offline;
    place.replaceChildren(note);
  });

  // A menu closes when one clicks beside it or presses Escape.
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== except) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus(null);
  });

  // A form sends itself when a field marked so changes.
  document.addEventListener("change", (event) => {
    const field = event.target.closest("[data-send-on-change]");
    if (field) field.form.requestSubmit();
  });

  // Empty fields stay out of a filter's address, so that it is short enough to share.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-short-address]")) return;
    for (const field of event.target.elements) {
      if (field.name && !field.value) field.disabled = true;
    }
  });
  window.addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("[data-short-address] :disabled")) {
      field.disabled = false;
    }
  });

  // One press sends a form once.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || event.target.method !== "post") return;
    setTimeout(() => { button.disabled = true; }, 0);
    setTimeout(() => { button.disabled = false; }, 8000);
  });

  // Selection: all, one, and with shift everything between.
  let last = null;
  const boxes = () => [...document.querySelectorAll("input[data-select]")];
  const tell = () => {
    const chosen = boxes().filter((box) => box.checked);
    for (const box of boxes()) box.closest("tr").classList.toggle("chosen", box.checked);
    const bar = document.getElementById("bulk");
    if (!bar) return;
    bar.hidden = chosen.length === 0;
    bar.querySelector("[data-chosen]").textContent = chosen.length;
    const all = document.querySelector("input[data-select-all]");
    all.checked = chosen.length > 0 && chosen.length === boxes().length;
    all.indeterminate = chosen.length > 0 && !all.checked;
  };
  document.addEventListener("click", (event) => {
    const box = event.target.closest("input[data-select]");
    if (box) {
      const list = boxes();
      if (event.shiftKey && last && list.includes(last)) {
        const [from, to] = [list.indexOf(last), list.indexOf(box)].sort((a, b) => a - b);
        for (const between of list.slice(from, to + 1)) between.checked = box.checked;
      }
      last = box;
      tell();
    } else if (event.target.matches("input[data-select-all]")) {
      for (const each of boxes()) each.checked = event.target.checked;
      tell();
    }
  });
  document.addEventListener("htmx:afterSettle", tell);
  window.addEventListener("pageshow", tell);

  // Sentences kept ready: one click puts them into the field.
  document.addEventListener("click", (event) => {
    const phrase = event.target.closest("[data-phrase]");
    if (!phrase) return;
    const field = phrase.closest("form").elements[phrase.dataset.for];
    field.value = field.value ? `${field.value} ${phrase.dataset.phrase}` : phrase.dataset.phrase;
    field.focus();
  });

  document.addEventListener("click", (event) => {
    const toggle = event.target.closest("[data-toggle]");
    if (toggle) {
      const open = document.getElementById(toggle.dataset.toggle).classList.toggle("open");
      toggle.setAttribute("aria-expanded", String(open));
    }
    if (event.target.closest("[data-print]")) window.print();
    if (event.target.closest("[data-fill]")) {
      const button = event.target.closest("[data-fill]");
      const field = document.getElementById(button.dataset.fill);
      field.value = button.dataset.value;
    }
  });
})();
