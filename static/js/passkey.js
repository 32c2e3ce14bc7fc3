// Passkeys: asks the browser for one and puts its answer into the form, which is then sent like any other. What to ask
// comes from the server at data-begin. Without this file the app's six digits are the way, and the pages say so.
(function () {
  "use strict";
  var forms = document.querySelectorAll("form[data-passkey]");
  if (!window.PublicKeyCredential || !navigator.credentials) {
    document.querySelectorAll("[data-passkey-missing]").forEach(function (e) { e.hidden = false; });
    return;
  }

  function bytes(s) {
    var plain = atob(s.replace(/-/g, "+").replace(/_/g, "/"));
    var out = new Uint8Array(plain.length);
    for (var i = 0; i < plain.length; i++) out[i] = plain.charCodeAt(i);
    return out.buffer;
  }

  function text(buffer) {
    if (!buffer) return undefined;
    var b = new Uint8Array(buffer), s = "";
    for (var i = 0; i < b.length; i++) s += String.fromCharCode(b[i]);
    return btoa(s).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function asked(options) {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    ["allowCredentials", "excludeCredentials"].forEach(function (list) {
      (options[list] || []).forEach(function (c) { c.id = bytes(c.id); });
    });
    return options;
  }

  function answered(c) {
    var r = c.response, out = {
      id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: c.getClientExtensionResults(),
      response: { clientDataJSON: text(r.clientDataJSON) }
    };
    if (c.authenticatorAttachment) out.authenticatorAttachment = c.authenticatorAttachment;
    if (r.attestationObject) {
      out.response.attestationObject = text(r.attestationObject);
      if (r.getTransports) out.response.transports = r.getTransports();
    } else {
      out.response.authenticatorData = text(r.authenticatorData);
      out.response.signature = text(r.signature);
      out.response.userHandle = text(r.userHandle);
    }
    return JSON.stringify(out);
  }

  forms.forEach(function (form) {
    if (form.hasAttribute("data-ready")) return;
    form.setAttribute("data-ready", "");
    form.hidden = false;
    var said = form.querySelector("[role=alert]");
    var busy = false;
    form.addEventListener("submit", function (event) {
      if (form.elements.answer.value) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (busy) return;
      busy = true;
      said.hidden = true;
      var body = new URLSearchParams();
      body.set("_csrf", form.elements._csrf.value);
      fetch(form.getAttribute("data-begin"), { method: "POST", body: body, credentials: "same-origin", headers: { Accept: "application/json" } })
        .then(function (r) {
          if (!r.ok) throw new Error(String(r.status));
          return r.json();
        })
        .then(function (o) {
          var ask = { publicKey: asked(o.publicKey) };
          return form.getAttribute("data-passkey") === "create" ? navigator.credentials.create(ask) : navigator.credentials.get(ask);
        })
        .then(function (c) {
          form.elements.answer.value = answered(c);
          HTMLFormElement.prototype.submit.call(form);
        })
        .catch(function () {
          busy = false;
          said.textContent = form.getAttribute("data-failed");
          said.hidden = false;
        });
    }, true);
  });
})();
