// Keeps every deadline on the page true, in the words of `server/console/times.py`.
"use strict";

(() => {
  const words = JSON.parse(document.body.dataset.words);
  // The server's clock counts, not this computer's.
  const skew = Date.parse(document.body.dataset.now) - Date.now();
  const SOON = 2 * 3600 * 1000;

  const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

  const span = (milliseconds) => {
    const total = Math.floor(Math.abs(milliseconds) / 60000);
    const days = Math.floor(total / 1440);
    const hours = Math.floor((total % 1440) / 60);
    const minutes = total % 60;
    if (days) return fill(hours ? words.days_hours : words.days, { days, hours });
    if (hours) return fill(words.hours_minutes, { hours, minutes });
    return fill(words.minutes, { minutes });
  };

  const tick = () => {
    const now = Date.now() + skew;
    for (const clock of document.querySelectorAll("[data-due]")) {
      const left = Date.parse(clock.dateTime) - now;
      const text = fill(left >= 0 ? words.left : words.past, { span: span(left) });
      if (clock.textContent !== text) clock.textContent = text;
      clock.className = `due ${left < 0 ? "late" : left <= SOON ? "soon" : "calm"}`;
    }
  };
  setInterval(tick, 15000);
  document.addEventListener("htmx:afterSettle", tick);
  tick();
})();
