// The case's photos: swap before and after, and a viewer that zooms.
"use strict";

(() => {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-swap]")) {
      document.getElementById("pair").classList.toggle("swapped");
    }
  });

  const viewer = document.getElementById("viewer");
  if (!viewer) return;
  const picture = viewer.querySelector("img");
  const caption = viewer.querySelector("[data-caption-here]");
  const original = viewer.querySelector("[data-original-here]");
  let at = 0;
  let zoom = 1;
  let left = 0;
  let top = 0;
  let drag = null;

  const shots = () => [...document.querySelectorAll("a[data-view]")];
  const place = () => {
    picture.style.transform = `translate(${left}px, ${top}px) scale(${zoom})`;
    picture.classList.toggle("zoomed", zoom > 1);
  };
  const reset = () => {
    zoom = 1;
    left = top = 0;
    place();
  };
  const show = (index) => {
    const list = shots();
    at = (index + list.length) % list.length;
    const shot = list[at];
    picture.src = shot.href;
    caption.textContent = `${at + 1} / ${list.length} · ${shot.dataset.caption}`;
    original.href = shot.dataset.original || shot.href;
    reset();
    if (!viewer.open) viewer.showModal();
  };
  const zoomBy = (factor) => {
    zoom = Math.min(8, Math.max(1, zoom * factor));
    if (zoom === 1) left = top = 0;
    place();
  };

  document.addEventListener("click", (event) => {
    const shot = event.target.closest("a[data-view]");
    if (shot && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      show(shots().indexOf(shot));
    }
  });
  viewer.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom], [data-step], [data-close]");
    if (!button) return;
    if (button.dataset.zoom) zoomBy(button.dataset.zoom === "in" ? 1.5 : 1 / 1.5);
    else if (button.dataset.step) show(at + Number(button.dataset.step));
    else viewer.close();
  });
  viewer.addEventListener("keydown", (event) => {
    const actions = {
      ArrowLeft: () => show(at - 1),
      ArrowRight: () => show(at + 1),
      "+": () => zoomBy(1.5),
      "=": () => zoomBy(1.5),
      "-": () => zoomBy(1 / 1.5),
      0: reset,
      z: () => viewer.close(),
    };
    if (actions[event.key]) {
      event.preventDefault();
      actions[event.key]();
    }
  });
  viewer.querySelector(".viewer-stage").addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomBy(event.deltaY < 0 ? 1.2 : 1 / 1.2);
  }, { passive: false });
  picture.addEventListener("dblclick", () => (zoom > 1 ? reset() : zoomBy(2.5)));
  picture.addEventListener("pointerdown", (event) => {
    if (zoom === 1) return;
    drag = { x: event.clientX - left, y: event.clientY - top };
    picture.setPointerCapture(event.pointerId);
  });
  picture.addEventListener("pointermove", (event) => {
    if (!drag) return;
    left = event.clientX - drag.x;
    top = event.clientY - drag.y;
    place();
  });
  picture.addEventListener("pointerup", () => { drag = null; });
})();
