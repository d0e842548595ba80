// Runs in the page before anything else: notes when a key went down and when a watched text changed.
(() => {
  const probe = (window.__probe = { keys: [], moves: [], changes: [], watched: {}, seen: {} });
  const note = (name) => () => probe[name].push(performance.now());
  window.addEventListener("keydown", note("keys"), { capture: true, passive: true });
  window.addEventListener("pointermove", note("moves"), { capture: true, passive: true });

  const look = () => {
    const time = performance.now();
    for (const [name, selector] of Object.entries(probe.watched)) {
      const text = document.querySelector(selector)?.textContent ?? null;
      if (text !== null && text !== probe.seen[name]) probe.changes.push({ name, time, text });
      probe.seen[name] = text;
    }
  };
  let observer = null;
  probe.watch = (name, selector) => {
    probe.watched[name] = selector;
    probe.seen[name] = document.querySelector(selector)?.textContent ?? null;
    observer ??= new MutationObserver(look);
    observer.observe(document.documentElement, { subtree: true, childList: true, characterData: true });
  };
  probe.forget = () => { observer?.disconnect(); observer = null; probe.watched = {}; probe.seen = {}; probe.clear(); };
  probe.clear = () => { probe.keys = []; probe.moves = []; probe.changes = []; };
})();
