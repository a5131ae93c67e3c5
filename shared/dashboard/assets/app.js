// Keeps the page up to date: asks every ten seconds whether it is still the same, and takes over what is new.
// Without it the page is whole; it only has to be reloaded by hand.
"use strict";
(() => {
  const PAUSE = 10000;
  const say = (text) => {
    const place = document.getElementById("updates");
    if (place && place.textContent !== text) place.textContent = text;
  };
  let tag = null;
  const look = async () => {
    const main = document.getElementById("main");
    // Nothing changes under somebody's hands.
    const written = (field) => field.value !== "" && !field.matches("[type=hidden], select");
    if (document.hidden || !main || main.querySelector(":focus")) return;
    if ([...main.querySelectorAll("input")].some(written)) return;
    const headers = tag ? { "If-None-Match": tag } : {};
    const answer = await fetch(location.href, { headers, redirect: "manual", cache: "no-store" });
    if (answer.type === "opaqueredirect") return location.reload();
    if (answer.status === 304) return say("Up to date.");
    if (!answer.ok) return say("This page could not be updated; it is tried again.");
    const known = tag;
    tag = answer.headers.get("ETag");
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const content = fresh.getElementById("main");
    if (known && content) {
      const notice = content.querySelector(".notice");
      if (notice) notice.remove();
      const open = [...main.querySelectorAll("details[open]")].map((details) => details.id);
      for (const details of content.querySelectorAll("details")) details.open = open.includes(details.id);
      main.replaceChildren(...content.childNodes);
    }
    say("Up to date.");
  };
  const again = () => {
    look()
      .catch(() => say("Slipway does not answer; it is asked again."))
      .finally(() => setTimeout(again, PAUSE));
  };
  say("This page updates itself.");
  again();
})();
