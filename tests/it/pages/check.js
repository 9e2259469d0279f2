// What is wrong with a page for whoever looks at it otherwise than its author: too wide, too pale, or without words.
(() => {
  const wrong = [];
  const name = (element) => `<${element.tagName.toLowerCase()} ${element.id || element.className.baseVal || element.className || ""}>`;
  const root = document.documentElement;
  const wide = Math.min(root.clientWidth, screen.width);
  if (root.scrollWidth > wide) {
    wrong.push(`the page is ${root.scrollWidth} wide of ${wide}`);
    for (const element of document.body.querySelectorAll("*")) {
      if (element.closest(".scroll") || element.closest(".hear")) continue;
      const right = element.getBoundingClientRect().right;
      if (right > wide + 1) wrong.push(`${name(element)} ends at ${right}`);
    }
  }
  // Contrast, as WCAG 2 has it.
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = color;
    paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => top.slice(0, 3).map((part, at) => part * top[3] + below[at] * (1 - top[3]));
  const light = (color) => {
    const [r, g, b] = color.map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.push(rgba(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  let texts = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || element.closest("svg, script, style, option")) continue;
    const style = getComputedStyle(element);
    if (!element.getClientRects().length || style.visibility === "hidden") continue;
    texts += 1;
    const below = ground(element);
    const [a, b] = [light(over(rgba(style.color), below)), light(below)].sort((a, b) => b - a);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) wrong.push(`${ratio.toFixed(2)} of ${name(element)} ${walk.currentNode.data.trim().slice(0, 30)}`);
  }
  if (texts < 10) wrong.push(`only ${texts} texts were looked at`);
  // Words for everything.
  const words = (element) => (element.getAttribute("aria-label") || "").trim() || element.textContent.trim();
  for (const input of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!input.labels.length || !input.labels[0].textContent.trim()) wrong.push(`${name(input)} has no label`);
  }
  for (const element of document.querySelectorAll("a, button, summary, h1, h2, h3, caption, th")) {
    if (!words(element)) wrong.push(`${name(element)} has no words`);
  }
  for (const picture of document.querySelectorAll("svg")) {
    if (picture.getAttribute("role") !== "img" || !words(picture)) wrong.push(`${name(picture)} is not told`);
  }
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption) wrong.push("a table has no caption");
    for (const head of table.querySelectorAll("th")) if (!head.scope) wrong.push("a th has no scope");
  }
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) wrong.push(`${name(heading)} comes after level ${level}`);
    level = next;
  }
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
  for (const landmark of ["header", "main", "footer", "nav[aria-label]"]) {
    if (!document.querySelector(landmark)) wrong.push(`no ${landmark}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push(`${id} comes twice`);
  for (const element of document.querySelectorAll("[aria-labelledby]")) {
    if (!document.getElementById(element.getAttribute("aria-labelledby"))) wrong.push(`${name(element)} is labelled by nothing`);
  }
  for (const section of document.querySelectorAll("section, nav")) {
    if (!section.getAttribute("aria-label") && !section.getAttribute("aria-labelledby")) wrong.push("a section has no name");
  }
  for (const link of document.querySelectorAll("a[href]")) {
    if (!["http:", "https:"].includes(link.protocol)) wrong.push(`${link.href} is no page`);
    if (link.getAttribute("href").startsWith("#") && !document.getElementById(link.hash.slice(1))) wrong.push(`${link.hash} is nowhere`);
  }
  if (document.querySelector("[style], [onclick], [onload], [onerror]")) wrong.push("a style or a script in an element");
  if (!root.lang || !document.title.trim()) wrong.push("no language or title");
  return wrong;
})();
