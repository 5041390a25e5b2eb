// What the pages gain when scripts run; without them every form and link still works.
(function () {
  "use strict";
  var doc = document.documentElement;

  function remember(name, value, days) {
    document.cookie = name + "=" + encodeURIComponent(value) + "; path=/; max-age=" + days * 86400 + "; samesite=lax" +
      (location.protocol === "https:" ? "; secure" : "");
  }

  // The server writes local times in the zone this cookie names.
  try {
    var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && zone !== doc.dataset.zone) remember("zone", zone, 365);
  } catch (e) { /* no Intl: the server's own zone stays */ }

  // Theme: at once, and remembered in the cookie the form would have set.
  document.addEventListener("submit", function (e) {
    var form = e.target;
    if (form.matches("form.theme") && e.submitter) {
      e.preventDefault();
      var theme = e.submitter.value;
      if (theme === "system") doc.removeAttribute("data-theme"); else doc.setAttribute("data-theme", theme);
      remember("theme", theme, 365);
      form.querySelectorAll("button").forEach(function (b) { b.setAttribute("aria-pressed", String(b === e.submitter)); });
      return;
    }
    if (form.method === "post" && !form.hasAttribute("hx-post")) {
      if (form.dataset.sent) { e.preventDefault(); return; }
      form.dataset.sent = "1";
      setTimeout(function () { form.querySelectorAll("button").forEach(function (b) { b.setAttribute("aria-busy", "true"); }); }, 400);
    }
  });
  window.addEventListener("pageshow", function (e) {
    if (!e.persisted) return;
    document.querySelectorAll("form[data-sent]").forEach(function (f) {
      delete f.dataset.sent;
      f.querySelectorAll("[aria-busy]").forEach(function (b) { b.removeAttribute("aria-busy"); });
    });
  });

  // A destructive act waits for the typed name. The server checks it again.
  function guard(input) {
    var button = input.form && input.form.querySelector("button[data-guarded]");
    if (button) button.disabled = input.value !== input.dataset.confirm;
  }
  document.addEventListener("input", function (e) { if (e.target.matches("input[data-confirm]")) guard(e.target); });
  function guardAll() { document.querySelectorAll("input[data-confirm]").forEach(guard); }
  guardAll();
  document.addEventListener("htmx:afterSettle", guardAll);

  // Clock in the rail.
  function two(n) { return (n < 10 ? "0" : "") + n; }
  function tick() {
    var clock = document.querySelector("time[data-clock]");
    if (!clock) return;
    var now = new Date(), utc = clock.querySelector(".utc"), local = clock.querySelector(".local");
    clock.setAttribute("datetime", now.toISOString());
    if (utc) utc.textContent = "UTC " + two(now.getUTCHours()) + ":" + two(now.getUTCMinutes());
    if (local) local.textContent = "local " + two(now.getHours()) + ":" + two(now.getMinutes());
  }
  // How far this machine's clock is from the server's, which wrote the page.
  var shown = document.querySelector("time[data-clock]"), skew = shown ? Date.parse(shown.getAttribute("datetime")) - Date.now() : 0;
  if (!(Math.abs(skew) > 5000)) skew = 0;
  tick();
  setInterval(tick, 5000);

  // Clocks that run, such as how long writes have been stopped.
  function since() {
    document.querySelectorAll("[data-since]").forEach(function (el) {
      var s = Math.max(0, Math.floor((Date.now() + skew - Date.parse(el.dataset.since)) / 1000));
      el.textContent = s < 60 ? s + " s" : s < 3600 ? Math.floor(s / 60) + " min " + s % 60 + " s" : Math.floor(s / 3600) + " h " + Math.floor(s % 3600 / 60) + " min";
    });
  }
  setInterval(since, 1000);

  // Is the page being told of changes?
  function link(state, words) {
    var el = document.getElementById("linkstate");
    if (!el) return;
    el.dataset.state = state;
    el.querySelector("span").textContent = words;
    el.title = words;
  }
  document.addEventListener("htmx:sseOpen", function () { link("live", "Live"); });
  document.addEventListener("htmx:sseError", function () { link("lost", "Connection lost, trying again"); });
  document.addEventListener("htmx:sseClose", function () { link("off", "Not live"); });

  // Browsers allow few connections to one host: a page nobody looks at lets go
  // of its stream, and reads everything anew when it is looked at again.
  var source = null, hiding = null, stale = false;
  if (window.htmx) {
    htmx.createEventSource = function (url) { source = new EventSource(url); return source; };
  }
  document.addEventListener("visibilitychange", function () {
    clearTimeout(hiding);
    if (document.hidden) {
      hiding = setTimeout(function () { if (source) { source.close(); stale = true; link("off", "Not live"); } }, 60000);
    } else if (stale) {
      location.reload();
    }
  });

  // A click on a timeline chooses the moment under it: the nearest one that can
  // be restored. Times are UTC, as in the field.
  function stamp(seconds) { return new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " "); }
  function windowsOf(el) {
    return el.dataset.windows.split(",").filter(Boolean).map(function (w) { return w.split("-").map(Number); });
  }
  function mark(el, seconds) {
    var from = Number(el.dataset.from), to = Number(el.dataset.to), left = Number(el.dataset.left), right = Number(el.dataset.right);
    el.querySelectorAll("svg").forEach(function (svg) {
      var x = left + (seconds - from) / (to - from) * (svg.viewBox.baseVal.width - left - right);
      var line = svg.querySelector("line.chosen");
      if (line && isFinite(x)) { line.setAttribute("x1", x); line.setAttribute("x2", x); }
    });
  }
  document.addEventListener("click", function (e) {
    var svg = e.target.closest && e.target.closest("[data-timeline] svg");
    if (!svg) return;
    var el = svg.closest("[data-timeline]"), field = document.getElementById(el.dataset.timeline), box = svg.getBoundingClientRect();
    if (!field || !box.width) return;
    var left = Number(el.dataset.left), right = Number(el.dataset.right), wide = svg.viewBox.baseVal.width;
    var share = ((e.clientX - box.left) / box.width * wide - left) / (wide - left - right);
    var at = Math.round(Number(el.dataset.from) + Math.min(Math.max(share, 0), 1) * (Number(el.dataset.to) - Number(el.dataset.from)));
    var best = null;
    windowsOf(el).forEach(function (w) {
      var near = Math.min(Math.max(at, w[0]), w[1]);
      if (best === null || Math.abs(near - at) < Math.abs(best - at)) best = near;
    });
    if (best === null) return;
    field.value = stamp(best);
    mark(el, best);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("input", function (e) {
    var el = e.target.id && document.querySelector("[data-timeline=" + CSS.escape(e.target.id) + "]");
    if (!el) return;
    var at = Date.parse(e.target.value.trim().replace(" ", "T") + "Z") / 1000;
    if (isFinite(at)) mark(el, at);
  });
  // A button copies the text of a part of the page. Where the browser gives no
  // clipboard (a page without TLS beyond this machine), the text is selected,
  // for the person to copy.
  document.addEventListener("click", function (e) {
    var button = e.target.closest && e.target.closest("button[data-copy]");
    if (!button) return;
    var from = document.getElementById(button.dataset.copy), said = button.textContent;
    function select() { getSelection().selectAllChildren(from); }
    function copied() {
      button.textContent = button.dataset.copied;
      setTimeout(function () { button.textContent = said; }, 2000);
    }
    if (!navigator.clipboard) { select(); return; }
    navigator.clipboard.writeText(from.textContent).then(copied, select);
  });

  document.querySelectorAll("[data-scripted]").forEach(function (el) { el.hidden = false; });

  // A morph leaves alone what a person has opened or is typing.
  if (window.Idiomorph) {
    Idiomorph.defaults.ignoreActiveValue = true;
    Idiomorph.defaults.callbacks.beforeAttributeUpdated = function (name, node) {
      return !(name === "open" && node.tagName === "DETAILS");
    };
  }

  // The answer to a form as it was says nothing of what was changed since: it is
  // dropped, and the change asks by itself.
  document.addEventListener("change", function (e) {
    var asks = e.target.closest("[data-asks]");
    if (asks) { asks.changes = (asks.changes || 0) + 1; }
  }, true);
  document.addEventListener("htmx:beforeRequest", function (e) { e.detail.xhr.changes = e.detail.elt.changes; });
  document.addEventListener("htmx:beforeSwap", function (e) {
    if (e.detail.elt.matches("[data-asks]") && e.detail.xhr.changes !== e.detail.elt.changes) { e.detail.shouldSwap = false; }
  });
})();
