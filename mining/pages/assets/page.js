/* What the page can do beyond being read: earlier and later nights, levels and zoom of the map, and lighting up its paths.
   Without this script everything is there but the other levels. */
"use strict";
(() => {
  const PHONE = window.matchMedia("(max-width: 600px)");
  const LEAST_READABLE = PHONE.matches ? 0.8 : 0.62;

  function linkNights() {
    const links = document.querySelector("[data-night]");
    const nights = (document.documentElement.dataset.nights || "").split(" ");
    const here = links ? nights.indexOf(links.dataset.night) : -1;
    if (here < 0) return;
    for (const link of links.querySelectorAll("[data-go]")) {
      const night = nights[here + Number(link.dataset.go)];
      if (night) {
        link.href = `../${night}/index.html`;
        link.title = night;
        link.hidden = false;
      }
    }
  }

  /* The levels lie in the page as <template>, so that those never looked at cost nothing. */
  function levelsOf(canvas) {
    return [...canvas.querySelectorAll(".level")].map((level) => {
      if (level.localName !== "template") return level;
      const shown = document.createElement("div");
      shown.className = level.className;
      Object.assign(shown.dataset, level.dataset);
      shown.source = level;
      level.replaceWith(shown);
      return shown;
    });
  }

  function showMap(canvas) {
    const levels = levelsOf(canvas);
    const slider = document.querySelector("[data-level]");
    const hint = document.querySelector("[data-hint]");
    const advice = hint.textContent;
    let chosen = null;
    let scale = 1;

    const drawing = () => chosen.querySelector("svg");
    const size = (svg) => svg.viewBox.baseVal;
    const natural = (svg) => (svg.dataset.width ? Number(svg.dataset.width) : (svg.dataset.width = svg.width.baseVal.value));

    function zoom(to, keepMiddle) {
      const svg = drawing();
      const before = scale;
      const middle = [canvas.scrollLeft + canvas.clientWidth / 2, canvas.scrollTop + canvas.clientHeight / 2];
      const width = natural(svg);
      scale = Math.min(3, Math.max(0.2, to));
      svg.setAttribute("width", width * scale);
      svg.setAttribute("height", (width * scale * size(svg).height) / size(svg).width);
      if (keepMiddle) canvas.scrollTo({ left: (middle[0] * scale) / before - canvas.clientWidth / 2, top: (middle[1] * scale) / before - canvas.clientHeight / 2, behavior: "instant" });
    }

    function fit() {
      const room = canvas.clientWidth - 2 * parseFloat(getComputedStyle(canvas).paddingLeft);
      zoom(Math.max(LEAST_READABLE, Math.min(1, room / natural(drawing()))), false);
      const start = drawing().querySelector(".start") || drawing();
      const box = start.getBoundingClientRect();
      const view = canvas.getBoundingClientRect();
      canvas.scrollTo({ left: canvas.scrollLeft + box.left + box.width / 2 - view.left - view.width / 2, top: 0, behavior: "instant" });
    }

    function choose(position) {
      chosen = levels[position];
      if (chosen.source) {
        chosen.append(chosen.source.content);
        chosen.source = null;
      }
      for (const level of levels) level.classList.toggle("chosen", level === chosen);
      slider.value = position;
      slider.setAttribute("aria-valuetext", `${chosen.dataset.shown} of ${chosen.dataset.total} activities`);
      document.querySelector("[data-level-text]").textContent = `${chosen.dataset.shown} of ${chosen.dataset.total}`;
      document.querySelector("[data-coverage]").textContent = chosen.dataset.coverage;
      fit();
    }

    function light(paths, say) {
      const svg = drawing();
      svg.classList.toggle("dim", paths.length > 0);
      for (const lit of svg.querySelectorAll(".lit, .near")) lit.classList.remove("lit", "near");
      for (const path of paths) path.classList.add("lit");
      const near = new Set(paths.flatMap((path) => nameOf(path).split("_")));
      for (const step of svg.querySelectorAll(".act")) step.classList.toggle("near", near.has(nameOf(step)));
      for (const item of document.querySelectorAll("[data-edge]")) item.classList.toggle("lit", paths.some((path) => nameOf(path) === item.dataset.edge));
      hint.textContent = paths.length ? say : advice;
    }

    const nameOf = (element) => element.id.replace(/^m\d+-/, "");
    const pathsOf = (step) => [...drawing().querySelectorAll(".edge")].filter((path) => nameOf(path).split("_").includes(nameOf(step)));

    function point(event) {
      const item = event.target.closest("[data-edge]");
      const path = item ? drawing().querySelector(`[id$="${CSS.escape(item.dataset.edge)}"]`) : event.target.closest(".level .edge");
      const step = event.target.closest(".level .act");
      if (path) light([path], path.getAttribute("aria-label") || "");
      else if (step) light([step, ...pathsOf(step)], step.getAttribute("aria-label") || "");
      else if (item) {
        light([], "");
        hint.textContent = "This path is not on the map at this level.";
      } else light([], "");
    }

    canvas.classList.add("choosing");
    document.querySelector(".controls").hidden = false;
    hint.hidden = false;
    slider.addEventListener("input", () => choose(Number(slider.value)));
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => (button.dataset.zoom === "fit" ? fit() : zoom(scale * (button.dataset.zoom === "in" ? 1.25 : 0.8), true)));
    }
    const part = document.querySelector("#map");
    for (const kind of ["pointerover", "focusin"]) part.addEventListener(kind, point);
    for (const kind of ["pointerleave", "focusout"]) part.addEventListener(kind, () => light([], ""));

    const wanted = levels.findIndex((level) => level.classList.contains(PHONE.matches ? "phone" : "default"));
    choose(Math.max(0, wanted));
  }

  linkNights();
  const canvas = document.querySelector(".canvas");
  if (canvas && canvas.querySelector(".level")) showMap(canvas);
})();
