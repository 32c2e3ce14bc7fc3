// Makes drawing boxes and choosing words faster. Everything works without it: by phrase, by place, by whole page.
(function () {
  "use strict";
  var d = document;

  // --- publishing: words selected in the text go into the field that names them
  var texts = d.querySelector("[data-mask-own]");
  if (texts && window.getSelection) {
    var own = d.getElementById(texts.getAttribute("data-mask-own"));
    var button = d.createElement("button");
    button.type = "button";
    button.className = "button button-secondary button-small mask-own";
    button.textContent = texts.getAttribute("data-mask-label");
    button.hidden = true;
    texts.after(button);
    var chosen = "";
    d.addEventListener("selectionchange", function () {
      var s = d.getSelection();
      var inside = s.rangeCount && texts.contains(s.anchorNode) && texts.contains(s.focusNode);
      var words = inside ? s.toString().replace(/\s+/g, " ").trim() : "";
      if (!words && d.activeElement === button) return;
      chosen = words;
      button.hidden = !words;
    });
    button.addEventListener("click", function () {
      if (chosen) own.value = (own.value.trim() ? own.value.trim() + "\n" : "") + chosen;
      chosen = "";
      button.hidden = true;
      own.focus();
    });
  }

  // --- redaction: a rectangle by pointer or by keyboard
  var root = d.querySelector("[data-redact]");
  if (!root || !window.PointerEvent) return;
  var SPAN = 10000, MIN = 40;
  var ns = "http://www.w3.org/2000/svg";
  var help = d.getElementById("redact-help");
  var svg, cursor, from, busy = false;

  // A finger scrolls the page, unless it is told to draw.
  var finger = null;
  if (window.matchMedia("(pointer: coarse)").matches) {
    finger = d.createElement("button");
    finger.type = "button";
    finger.className = "button button-secondary button-small";
    finger.textContent = root.getAttribute("data-finger");
    finger.setAttribute("aria-pressed", "false");
    finger.addEventListener("click", function () {
      var on = finger.getAttribute("aria-pressed") !== "true";
      finger.setAttribute("aria-pressed", String(on));
      svg.classList.toggle("by-finger", on);
    });
    root.querySelector(".redact-page").before(finger);
  }

  function ready() {
    svg = d.getElementById("boxes");
    svg.classList.toggle("by-finger", !!finger && finger.getAttribute("aria-pressed") === "true");
    svg.classList.add("ready");
    svg.removeAttribute("aria-hidden");
    svg.setAttribute("tabindex", "0");
    svg.setAttribute("role", "application");
    svg.setAttribute("aria-label", help.textContent);
    svg.setAttribute("focusable", "true");
    cursor = null;
    svg.addEventListener("pointerdown", down);
    svg.addEventListener("pointermove", move);
    svg.addEventListener("pointerup", up);
    svg.addEventListener("pointercancel", cancel);
    svg.addEventListener("keydown", key);
    svg.addEventListener("blur", cancel);
  }

  function at(e) {
    var r = svg.getBoundingClientRect();
    return { x: clamp((e.clientX - r.left) / r.width * SPAN), y: clamp((e.clientY - r.top) / r.height * SPAN) };
  }

  function clamp(n) { return Math.max(0, Math.min(SPAN, Math.round(n))); }

  function show(b) {
    if (!cursor) {
      cursor = d.createElementNS(ns, "rect");
      cursor.setAttribute("class", "drawing");
      cursor.setAttribute("vector-effect", "non-scaling-stroke");
      svg.appendChild(cursor);
    }
    cursor.setAttribute("x", b.x);
    cursor.setAttribute("y", b.y);
    cursor.setAttribute("width", b.w);
    cursor.setAttribute("height", b.h);
    cursor.box = b;
  }

  function cancel() {
    if (cursor) cursor.remove();
    cursor = from = null;
  }

  function down(e) {
    if (busy || e.button || e.pointerType === "touch" && !svg.classList.contains("by-finger")) return;
    e.preventDefault();
    svg.focus({ preventScroll: true });
    from = at(e);
    svg.setPointerCapture(e.pointerId);
  }

  function move(e) {
    if (!from) return;
    var p = at(e);
    show({ x: Math.min(p.x, from.x), y: Math.min(p.y, from.y), w: Math.abs(p.x - from.x), h: Math.abs(p.y - from.y) });
  }

  function up() {
    var b = cursor && cursor.box;
    from = null;
    if (!b || b.w < MIN || b.h < MIN) { cancel(); return; }
    save(b);
  }

  function key(e) {
    var step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (step) {
      e.preventDefault();
      var b = cursor && cursor.box || { x: 4000, y: 4500, w: 2000, h: 250 };
      if (!cursor) { show(b); return; }
      var by = e.ctrlKey || e.metaKey ? 10 : 100;
      if (e.shiftKey) {
        b.w = Math.max(MIN, Math.min(SPAN - b.x, b.w + step[0] * by));
        b.h = Math.max(MIN, Math.min(SPAN - b.y, b.h + step[1] * by));
      } else {
        b.x = Math.max(0, Math.min(SPAN - b.w, b.x + step[0] * by));
        b.y = Math.max(0, Math.min(SPAN - b.h, b.y + step[1] * by));
      }
      show(b);
    } else if (e.key === "Enter" && cursor) {
      e.preventDefault();
      save(cursor.box);
    } else if (e.key === "Escape") {
      cancel();
    }
  }

  // The box is sent as the form for a box by its place would send it; only what it changes is drawn anew, so that the
  // picture of the page stays.
  function save(b) {
    var form = d.getElementById("tools");
    var data = new URLSearchParams(new FormData(form));
    ["x", "y", "w", "h"].forEach(function (k) { data.set(k, (b[k] / 100).toFixed(2)); });
    data.set("unit", "percent");
    data.set("do", "add");
    busy = true;
    fetch(form.action, { method: "POST", body: data, credentials: "same-origin", headers: { Accept: "text/html" } })
      .then(function (r) { return r.text(); })
      .then(function (html) {
        var page = new DOMParser().parseFromString(html, "text/html");
        if (page.querySelector(".error-summary") || !page.getElementById("boxes")) {
          d.body.replaceWith(d.importNode(page.body, true));
          var wrong = d.querySelector(".error-summary");
          if (wrong) wrong.focus();
          return;
        }
        ["boxes", "on-page"].forEach(function (id) { d.getElementById(id).replaceWith(d.importNode(page.getElementById(id), true)); });
        ["boxes", "_csrf"].forEach(function (name) {
          form.querySelector("[name=" + name + "]").value = page.querySelector("#tools [name=" + name + "]").value;
        });
        var nav = page.getElementById("page");
        if (nav) d.getElementById("page").replaceWith(d.importNode(nav, true));
        ready();
        svg.focus({ preventScroll: true });
      })
      .catch(function () { location.reload(); })
      .then(function () { busy = false; });
  }

  help.hidden = false;
  ready();
})();
