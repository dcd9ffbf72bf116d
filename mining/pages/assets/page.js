/* What every page can do beyond being read: lead to earlier and later nights. The map has a script of its own. */
"use strict";
(() => {
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

  linkNights();
})();
