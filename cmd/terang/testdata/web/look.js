// What a person would trip over on a page, as a list of sentences. Runs in the page.
() => {
  const bad = [];
  const name = e => e.outerHTML.replace(/\s+/g, " ").slice(0, 110);
  const root = document.documentElement;

  if (root.scrollWidth > window.innerWidth) {
    const wide = [...document.body.querySelectorAll("*")]
      .filter(e => e.getBoundingClientRect().right > window.innerWidth + 1 && !e.closest(".table-wrap, .visually-hidden, .skip, .desk-tabs"));
    bad.push("scrolls sideways (" + root.scrollWidth + " px): " + (wide.length ? name(wide[wide.length - 1]) : "?"));
  }

  const words = [document.title, document.body.innerText];
  for (const e of document.querySelectorAll("[title], [aria-label], [placeholder], [alt]"))
    words.push(e.title, e.getAttribute("aria-label"), e.placeholder, e.alt);
  for (const w of words) {
    const key = /\[[a-z_]+(\.[a-z0-9_]+)+\]/.exec(w || "");
    if (key) bad.push("words are missing: " + key[0]);
    const verb = /%![a-z(]/.exec(w || "");
    if (verb) bad.push("words are not put together: " + w.slice(Math.max(0, verb.index - 40), verb.index + 40));
  }

  if (document.querySelectorAll("h1").length !== 1) bad.push(document.querySelectorAll("h1").length + " main headings");
  if (!document.title.trim()) bad.push("no title");
  if (!root.lang) bad.push("no language");
  const seen = new Set();
  for (const e of document.querySelectorAll("[id]")) {
    if (seen.has(e.id)) bad.push("two elements have the id " + e.id);
    seen.add(e.id);
  }

  for (const e of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
    const r = e.getBoundingClientRect();
    if (r.width === 0 || r.height === 0 || e.closest(".visually-hidden, .skip") || getComputedStyle(e).visibility === "hidden") continue;
    // A link in a sentence is as high as its line (WCAG 2.2, 2.5.8: inline).
    if (getComputedStyle(e).display === "inline" && e.parentElement.textContent.trim().length > e.textContent.trim().length + 3) continue;
    if (r.height < 23.5 || r.width < 23.5) bad.push("too small to touch (" + Math.round(r.width) + "x" + Math.round(r.height) + "): " + name(e));
    if (e.tagName === "A" && !e.textContent.trim() && !e.getAttribute("aria-label")) bad.push("a link without words: " + name(e));
  }
  for (const e of document.querySelectorAll("[style], [onclick], [onsubmit], [onchange]")) bad.push("style or script inside an element: " + name(e));
  return bad;
}
