/* The maps of a page: which one the sliders choose, zoom, and lighting up of paths, by pointer and by keyboard.
   Without this script the map to begin with is there, and the tables. Maps never looked at lie in <template>, inert. */
"use strict";
(() => {
  const PHONE = window.matchMedia("(max-width: 600px)");
  const LEAST_READABLE = PHONE.matches ? 0.8 : 0.62;
  const BOUNDS = { in: 1.25, out: 0.8 };
  const nameOf = (element) => element.id.replace(/^[a-z]\d+-/, "");
  const stepsOf = (path) => nameOf(path).split("_").slice(1);
  const sentenceOf = (element) => (element.querySelector("title") || element).textContent;

  /* Replaces <template> by an empty box that knows where its map is. */
  function mapsOf(canvas) {
    return [...canvas.querySelectorAll(".level")].map((level) => {
      if (level.localName !== "template") return level;
      const box = document.createElement("div");
      box.className = level.className;
      Object.assign(box.dataset, level.dataset);
      box.source = level.content;
      level.replaceWith(box);
      return box;
    });
  }

  function showMap(part) {
    const canvas = part.querySelector(".canvas");
    const hint = part.querySelector("[data-hint]");
    const advice = hint.textContent;
    const maps = mapsOf(canvas);
    let chosen = null;
    let scale = 1;
    const drawing = () => chosen.querySelector("svg");

    function zoom(to, keepMiddle) {
      const svg = drawing();
      const [, , width, height] = svg.getAttribute("viewBox").split(/[ ,]+/).map(Number);
      const middle = [canvas.scrollLeft + canvas.clientWidth / 2, canvas.scrollTop + canvas.clientHeight / 2];
      const grown = Math.min(3, Math.max(0.2, to)) / scale;
      scale *= grown;
      svg.setAttribute("width", width * scale);
      svg.setAttribute("height", height * scale);
      if (keepMiddle) canvas.scrollTo({ left: middle[0] * grown - canvas.clientWidth / 2, top: middle[1] * grown - canvas.clientHeight / 2, behavior: "instant" });
    }

    function fit() {
      const room = canvas.clientWidth - 2 * parseFloat(getComputedStyle(canvas).paddingLeft);
      const width = Number(drawing().getAttribute("viewBox").split(/[ ,]+/)[2]);
      zoom(Math.max(LEAST_READABLE, Math.min(1, room / width)), false);
      const start = drawing().querySelector("[id$='-start']") || drawing();
      const box = start.getBoundingClientRect();
      const view = canvas.getBoundingClientRect();
      canvas.scrollTo({ left: canvas.scrollLeft + box.left + box.width / 2 - view.left - view.width / 2, top: 0, behavior: "instant" });
    }

    function choose(map) {
      chosen = map;
      if (map.source) {
        map.append(map.source);
        map.source = null;
      }
      for (const one of maps) one.classList.toggle("chosen", one === map);
      light([]);
      fit();
    }

    function light(parts) {
      const svg = drawing();
      const paths = parts.filter((one) => one.classList.contains("edge"));
      const near = new Set(paths.flatMap(stepsOf));
      const names = new Set(paths.map(nameOf));
      svg.classList.toggle("dim", parts.length > 0);
      for (const one of svg.querySelectorAll(".lit")) one.classList.remove("lit");
      for (const one of parts) one.classList.add("lit");
      for (const step of svg.querySelectorAll(".node")) step.classList.toggle("near", near.has(nameOf(step)));
      for (const item of part.querySelectorAll("[data-edge]")) item.classList.toggle("lit", names.has(item.dataset.edge));
      hint.textContent = parts.length ? sentenceOf(parts[0]) : advice;
    }

    const pathsOf = (step) => [...drawing().querySelectorAll(".edge")].filter((path) => stepsOf(path).includes(nameOf(step)));
    const named = (name) => [...drawing().querySelectorAll(".edge, .node")].find((one) => nameOf(one) === name);

    function point(event) {
      const item = event.target.closest("[data-edge]");
      const path = item ? named(item.dataset.edge) : event.target.closest(".level .edge");
      const step = event.target.closest(".level .act");
      light(path ? [path] : step ? [step, ...pathsOf(step)] : []);
      if (item && !path) hint.textContent = hint.dataset.absent;
    }

    let hub = null; // the step whose paths the arrow keys go around

    function around(here, turn) {
      const paths = hub && hub.isConnected ? pathsOf(hub) : [here];
      const place = paths.indexOf(here);
      return place < 0 ? paths.at(turn > 0 ? 0 : -1) : paths[(place + turn + paths.length) % paths.length];
    }

    /* From a step or path: left and right go around the paths of the step, up and down along a path to its ends. */
    function walk(event) {
      const here = event.target.closest(".level .act, .level .edge");
      const turn = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const end = { ArrowUp: 0, ArrowDown: 1 }[event.key];
      if (!here || (turn === undefined && end === undefined)) return;
      if (here.classList.contains("act")) hub = here;
      const next = turn ? around(here, turn) : here === hub ? null : named(stepsOf(here)[end]);
      if (!next) return;
      event.preventDefault();
      if (next.classList.contains("act")) hub = next;
      if (!next.hasAttribute("tabindex")) next.setAttribute("tabindex", "-1");
      next.focus();
    }

    function slide(activities, paths) {
      const level = (number) => maps.filter((map) => Number(map.dataset.level) === number);
      const say = (map) => {
        activities.setAttribute("aria-valuetext", map.dataset.activitiesText);
        paths.setAttribute("aria-valuetext", map.dataset.paths);
        part.querySelector("[data-say=activities]").textContent = map.dataset.activities;
        part.querySelector("[data-say=paths]").textContent = map.dataset.paths;
      };
      let wanted = 0;
      const show = (map) => {
        const there = level(Number(map.dataset.level));
        activities.value = map.dataset.level;
        paths.max = there.length - 1;
        paths.value = there.indexOf(map);
        paths.disabled = there.length === 1;
        choose(map);
        say(map);
      };
      activities.addEventListener("input", () => {
        const there = level(Number(activities.value));
        show(there.find((map) => Number(map.dataset.setting) >= wanted) || there.at(-1));
      });
      paths.addEventListener("input", () => {
        const map = level(Number(activities.value))[Number(paths.value)];
        wanted = Number(map.dataset.setting);
        show(map);
      });
      const first = maps.find((map) => map.classList.contains(PHONE.matches ? "phone" : "default")) || maps[0];
      wanted = Number(first.dataset.setting);
      show(first);
    }

    canvas.classList.add("choosing");
    hint.hidden = false;
    const activities = part.querySelector("#activities");
    if (activities) slide(activities, part.querySelector("#paths"));
    else choose(maps[0]);
    for (const controls of part.querySelectorAll(".controls")) controls.hidden = false;
    fit();
    for (const button of part.querySelectorAll("[data-zoom]")) {
      const kind = button.dataset.zoom;
      button.addEventListener("click", () => (kind === "fit" ? fit() : zoom(scale * BOUNDS[kind], true)));
    }
    for (const kind of ["pointerover", "focusin"]) part.addEventListener(kind, point);
    for (const kind of ["pointerleave", "focusout"]) part.addEventListener(kind, () => light([]));
    canvas.addEventListener("keydown", walk);
  }

  for (const part of document.querySelectorAll("[data-map]")) if (part.querySelector(".level")) showMap(part);
})();
