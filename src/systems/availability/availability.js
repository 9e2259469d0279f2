(function () {
  "use strict";
  var url = new URL("availability", document.currentScript.src);
  var every = __EVERY__, told = Object.create(null), answer = null, timer = 0, busy = false;

  function show(element, name, isOn) {
    var watch = answer.watches[name];
    if (watch) element.hidden = watch.show !== isOn;
  }

  function paint() {
    if (!answer) return;
    document.querySelectorAll("[data-advisor]").forEach(function (element) {
      show(element, element.getAttribute("data-advisor"), true);
    });
    document.querySelectorAll("[data-advisor-off]").forEach(function (element) {
      show(element, element.getAttribute("data-advisor-off"), false);
    });
  }

  function take(json) {
    answer = json;
    paint();
    Object.keys(json.watches).forEach(function (name) {
      var watch = json.watches[name], before = told[name];
      told[name] = watch.state + watch.show;
      if (told[name] === before) return;
      document.dispatchEvent(new CustomEvent("shelfkeeper:availability", {
        detail: { watch: name, state: watch.state, show: watch.show, since: watch.since }
      }));
    });
  }

  function ask() {
    clearTimeout(timer);
    if (document.hidden || busy) return;
    busy = true;
    var options = { credentials: "omit" };
    if (window.AbortSignal && AbortSignal.timeout) options.signal = AbortSignal.timeout(10000);
    fetch(url, options)
      .then(function (response) {
        if (!response.ok) throw response.status;
        return response.json();
      })
      .then(take)
      .catch(function () {})
      .then(function () {
        busy = false;
        clearTimeout(timer);
        timer = setTimeout(ask, every);
      });
  }

  document.addEventListener("visibilitychange", ask);
  document.addEventListener("DOMContentLoaded", paint);
  ask();
})();
