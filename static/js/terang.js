// Everything works without this file. It adds: words not lost when the tab reloads, the open queue in sight, a count of
// characters left, upload progress, and suggestions while typing in the search box.
(function () {
  "use strict";
  var d = document;

  function each(selector, fn) {
    Array.prototype.forEach.call(d.querySelectorAll(selector), fn);
  }

  // Unsent words are kept for this tab only (sessionStorage): on a shared computer nothing stays after the tab closes.
  // They are dropped when another page comes up after sending, not at sending: the connection may be gone.
  try {
    var sent = sessionStorage.getItem("sent");
    if (sent && sent !== location.pathname) {
      Object.keys(sessionStorage).forEach(function (k) {
        if (k.indexOf("keep:" + sent + ":") === 0) sessionStorage.removeItem(k);
      });
      sessionStorage.removeItem("sent");
    }
    each("form[data-keep] textarea", function (area) {
      var key = "keep:" + location.pathname + ":" + area.name;
      var kept = sessionStorage.getItem(key);
      if (kept && !area.value) area.value = kept;
      area.addEventListener("input", function () {
        try { sessionStorage.setItem(key, area.value); } catch (e) { /* full */ }
      });
      area.form.addEventListener("submit", function () { sessionStorage.setItem("sent", location.pathname); });
    });
    // Who signs out or closes their case leaves nothing in the tab to whoever comes next.
    each("form[action='/sign-out'], form[action$='/leave']", function (form) {
      form.addEventListener("submit", function () { sessionStorage.clear(); });
    });
  } catch (e) { /* storage is refused: the words are kept by the server at each step */ }

  // On a phone the queues are one line that moves sideways: the one that is open is in sight.
  each(".desk-tabs [aria-current]", function (tab) {
    var line = tab.closest("ul");
    line.scrollLeft = tab.offsetLeft - line.offsetLeft - (line.clientWidth - tab.offsetWidth) / 2;
  });

  each("textarea[data-max]", function (area) {
    var max = parseInt(area.getAttribute("data-max"), 10);
    var out = d.getElementById(area.id + "-count");
    if (!out || !max) return;
    var words = out.getAttribute("data-words");
    var timer;
    function show() {
      var left = max - Array.from(area.value).length;
      out.textContent = words.replace("{n}", left.toLocaleString(d.documentElement.lang));
      out.classList.toggle("count-over", left < 0);
    }
    area.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(show, 400); });
    show();
  });

  each("form[data-upload]", function (form) {
    var bar = form.querySelector("progress");
    var input = form.querySelector("input[type=file]");
    if (!bar || !input || !window.FormData) return;
    form.addEventListener("submit", function (event) {
      if (!input.files.length) return;
      event.preventDefault();
      var sending = new XMLHttpRequest();
      sending.open("POST", form.action);
      sending.upload.onprogress = function (e) {
        if (e.lengthComputable) { bar.max = e.total; bar.value = e.loaded; }
      };
      sending.onload = function () {
        if (sending.status < 400 && sending.responseURL) { location.assign(sending.responseURL); return; }
        var page = new DOMParser().parseFromString(sending.responseText, "text/html");
        d.title = page.title;
        d.body.replaceWith(d.importNode(page.body, true)); // the page that says what is wrong
        var wrong = d.querySelector(".error-summary");
        if (wrong) wrong.focus();
      };
      sending.onerror = function () { HTMLFormElement.prototype.submit.call(form); };
      bar.hidden = false;
      each("button", function (b) { if (b.form === form) b.disabled = true; });
      sending.send(new FormData(form));
    });
  });

  each("input[data-suggest]", function (input) {
    var box = d.getElementById(input.getAttribute("data-suggest"));
    if (!box) return;
    var timer, asked = 0;
    input.addEventListener("input", function () {
      clearTimeout(timer);
      timer = setTimeout(function () {
        var q = input.value.trim(), mine = ++asked;
        if (q.length < 3) { box.replaceChildren(); return; }
        fetch("/suggest?q=" + encodeURIComponent(q), { headers: { Accept: "text/html" }, credentials: "same-origin" })
          .then(function (r) { return r.ok ? r.text() : ""; })
          .then(function (html) {
            if (mine !== asked) return;
            var page = new DOMParser().parseFromString(html, "text/html");
            box.replaceChildren.apply(box, Array.from(page.body.childNodes));
          })
          .catch(function () { /* the search button still works */ });
      }, 250);
    });
  });

  each("[data-copy]", function (button) {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", function () {
      var source = d.getElementById(button.getAttribute("data-copy"));
      navigator.clipboard.writeText(source.textContent.trim()).then(function () {
        button.textContent = button.getAttribute("data-done");
      });
    });
  });

  each("[data-print]", function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });

  // The step before a filing, where one is asked for: the browser proves by work what a person would by answering.
  each("form[data-work]", function (form) {
    if (!window.crypto || !crypto.subtle || !window.TextEncoder) return;
    var nonce = form.getAttribute("data-work");
    var bits = parseInt(form.getAttribute("data-bits"), 10);
    var status = form.querySelector("[role=status]");
    var question = form.querySelector("[data-question]");
    var n = 0;
    status.hidden = false;
    status.textContent = status.getAttribute("data-solving");
    function zero(sum) {
      var left = bits;
      for (var i = 0; left > 0; i++, left -= 8) {
        if (left >= 8 ? sum[i] !== 0 : sum[i] >> (8 - left) !== 0) return false;
      }
      return true;
    }
    function some() {
      var tries = [];
      for (var i = 0; i < 256; i++) {
        tries.push(crypto.subtle.digest("SHA-256", new TextEncoder().encode(nonce + ":" + (n + i))));
      }
      Promise.all(tries).then(function (sums) {
        for (var i = 0; i < sums.length; i++) {
          if (zero(new Uint8Array(sums[i]))) {
            form.elements.work.value = String(n + i);
            status.textContent = status.getAttribute("data-solved");
            if (!question.contains(d.activeElement)) question.hidden = true;
            return;
          }
        }
        n += sums.length;
        setTimeout(some, 0);
      }).catch(function () { status.hidden = true; });
    }
    some();
  });

  // A second press of a send button sends nothing twice.
  each("form", function (form) {
    form.addEventListener("submit", function (event) {
      if (form.hasAttribute("data-sent")) { event.preventDefault(); return; }
      if (form.method.toLowerCase() === "post" && !form.hasAttribute("data-upload")) {
        form.setAttribute("data-sent", "");
        setTimeout(function () { form.removeAttribute("data-sent"); }, 4000);
      }
    });
  });
  window.addEventListener("pageshow", function () {
    each("form[data-sent]", function (f) { f.removeAttribute("data-sent"); });
  });

  var summary = d.querySelector(".error-summary");
  if (summary) summary.focus();
})();
