(() => {
  const main = document.getElementById("main"), stale = document.getElementById("stale");
  const every = Number(main.dataset.live) * 1000;
  // Nothing is taken from under somebody who writes, selects or reads on.
  const isInUse = () => document.hidden || (main.contains(document.activeElement) && document.activeElement !== main) ||
    String(getSelection()) !== "" || main.querySelector("details[open]") !== null;
  let isAsking = false;
  setInterval(async () => {
    if (isAsking || isInUse()) return;
    isAsking = true;
    try {
      const answer = await fetch(location.pathname, { cache: "no-store" });
      if (!answer.ok) throw answer.status;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const [x, y] = [scrollX, scrollY];
      if (!isInUse()) {
        main.replaceChildren(...page.getElementById("main").childNodes);
        document.querySelector("footer time").replaceWith(page.querySelector("footer time"));
        document.title = page.title;
        scrollTo(x, y);
      }
      stale.hidden = true;
    } catch {
      stale.hidden = false;
    }
    isAsking = false;
  }, every);
})();
