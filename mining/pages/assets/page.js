/* What every page can do beyond being read: lead to earlier and later nights, and tell old ones. The map has a script of its own. */
"use strict";
(() => {
  function linkNights() {
    const links = document.querySelector("[data-night]");
    const { nights: all = "", language } = document.documentElement.dataset;
    const nights = all.split(" ").map((night) => night.split(":")); // the day, then its languages, the first one first
    const here = links ? nights.findIndex(([day]) => day === links.dataset.night) : -1;
    if (here < 0) return;
    for (const link of links.querySelectorAll("[data-go]")) {
      const [day, , ...others] = nights[here + Number(link.dataset.go)] || [];
      if (day) {
        link.href = `../${day}/index.${others.includes(language) ? `${language}.` : ""}html`;
        link.title = day;
        link.hidden = false;
      }
    }
  }

  function tellOld() {
    for (const banner of document.querySelectorAll("[data-through]")) {
      const days = Math.floor((Date.now() - Date.parse(banner.dataset.through)) / 86_400_000) - 1;
      banner.querySelector("[data-days]").textContent = days.toLocaleString(document.documentElement.lang);
      banner.hidden = days < 2;
    }
  }

  linkNights();
  tellOld();
})();
