// Every page of the dashboard in a real browser: accessible, whole on a phone, without errors, readable without scripts, and usable by
// keyboard. A picture of each is kept.

import { DESKTOP, PHONE, axe, hold, scene, signIn, windowOf, withBrowser } from "./browser.mjs";

/** The pages that are there for everybody, then those for who signed in, by the name of their picture; and their status if it is not 200. */
const OPEN = { "sign-in": ["/dashboard/sign-in"], setup: ["/setup", 404], "not-found": ["/dashboard/nothing-is-here", 404] };
const PAGES = {
  overview: ["/"],
  environments: ["/dashboard/environments"],
  production: [`/dashboard/environments/${scene.line("production")}`],
  staging: [`/dashboard/environments/${scene.line("staging")}`],
  previews: ["/dashboard/previews"],
  "previews-failed": ["/dashboard/previews?phase=failed"],
  ...Object.fromEntries(scene.previews.map(([name, path]) => [`preview-${name}`, [path]])),
  releases: ["/dashboard/releases"],
  "releases-to-approve": ["/dashboard/releases?phase=waiting-for-approval"],
  release: [`/dashboard/releases/${scene.line("production")}/${scene.release}`],
  deliveries: ["/dashboard/deliveries"],
  "delivery-dead": ["/dashboard/deliveries/damaged-1"],
  "deliveries-dead": ["/dashboard/deliveries?status=dead"],
  repositories: ["/dashboard/repositories"],
  approvals: ["/dashboard/approvals"],
  builds: ["/dashboard/builds"],
  "builds-failed": ["/dashboard/builds?status=failed"],
  vendors: ["/dashboard/vendors"],
  installations: ["/dashboard/installations"],
  audit: ["/dashboard/audit"],
  "after-an-act": ["/dashboard/repositories?done=survey"],
  "no-such-preview": ["/dashboard/previews/1/1", 404],
  "no-such-filter": ["/dashboard/previews?phase=sideways", 400],
};
const found = [];

/** Looks at one page in one window. */
async function look(page, name, [address, expected = 200], where) {
  const say = (problem) => found.push(`${name} (${where}): ${problem}`);
  const answer = await page.goto(address);
  if (answer.status() !== expected) say(`answers ${answer.status()}, expected ${expected}`);
  const { violations } = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations"] })`);
  for (const { id, help, nodes } of violations) {
    say(`${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
  }
  const { wide, room } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, room: window.innerWidth }));
  if (wide > room) say(`is ${wide} px wide where ${room} are there`);
  const broken = await page.evaluate(() => window.brokenRules);
  for (const rule of broken) say(`breaks its content security policy: ${rule}`);
  await page.screenshot({ path: `${scene.output}/${name}-${where}.png`, fullPage: true });
}

/** The rules find something where something is wrong: a picture without a text. */
async function proveTheRules(browser) {
  const { context, page } = await windowOf(browser, { viewport: DESKTOP });
  await page.goto("/dashboard/sign-in");
  const { violations } = await page.evaluate(`document.querySelector("main").append(new Image()); ${axe}; axe.run(document)`);
  if (!violations.some(({ id }) => id === "image-alt")) found.push("axe-core finds nothing where something is wrong");
  await context.close();
}

/** Everything in light and dark, on a desk and on a phone. */
async function lookEverywhere(browser) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [device, viewport] of [["desktop", DESKTOP], ["phone", PHONE]]) {
      const where = `${colorScheme}-${device}`;
      const problems = [];
      const { context, page } = await windowOf(browser, { colorScheme, viewport }, problems);
      await page.addInitScript(() => {
        window.brokenRules = [];
        document.addEventListener("securitypolicyviolation", (event) => {
          window.brokenRules.push(`${event.violatedDirective} ${event.blockedURI}`);
        });
      });
      for (const [name, target] of Object.entries(OPEN)) await look(page, name, target, where);
      await page.getByText("Slipway").first().waitFor();
      await signIn(page, "admin");
      for (const [name, target] of Object.entries(PAGES)) await look(page, name, target, where);
      found.push(...problems.map((problem) => `(${where}): ${problem}`));
      await context.close();
    }
  }
}

/** What a page tells: its headings, and how much there is to read and to do. */
const contents = (page) =>
  page.evaluate(() => ({
    headings: [...document.querySelectorAll("h1, h2, h3")].map((heading) => heading.textContent),
    rows: document.querySelectorAll("main li, main tr, main dd").length,
    acts: document.querySelectorAll("main a, main button, main input, main select").length,
  }));

/** Without scripts each page tells the same. */
async function readWithoutScripts(browser) {
  const plain = await windowOf(browser, { javaScriptEnabled: false, viewport: DESKTOP });
  const usual = await windowOf(browser, { viewport: DESKTOP });
  await signIn(plain.page, "viewer");
  await signIn(usual.page, "viewer");
  for (const [name, [address]] of Object.entries(PAGES)) {
    await plain.page.goto(address);
    await usual.page.goto(address);
    const [without, having] = [JSON.stringify(await contents(plain.page)), JSON.stringify(await contents(usual.page))];
    if (without !== having) found.push(`${name}: without scripts it shows ${without}, with them ${having}`);
    if (having.includes('"headings":[]')) found.push(`${name} has no heading`);
  }
  await plain.context.close();
  await usual.context.close();
}

/** What has the focus: whether it is seen, and what it is. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const { width, height, right, bottom } = element.getBoundingClientRect();
    element.dataset.reached = "yes";
    return {
      what: element.outerHTML.slice(0, 120),
      isSkip: element.classList.contains("skip"),
      isSeen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && width > 8 && height > 8 && right > 0 && bottom > 0,
    };
  });

/** Everything that can be done on a page is reached by Tab, with the focus always seen. */
async function goByKeyboard(browser) {
  const { context, page } = await windowOf(browser, { viewport: DESKTOP });
  await signIn(page, "admin");
  for (const [name, [address]] of Object.entries(PAGES)) {
    await page.goto(address);
    await page.keyboard.press("Tab");
    const first = await focused(page);
    if (!first?.isSkip || !first.isSeen) found.push(`${name}: the first Tab leads to ${first?.what}, not to a visible skip link`);
    const targets = await page.locator("a[href], button, input:not([type=hidden]), select, summary").count();
    for (let step = 0; step < targets + 20; step += 1) {
      await page.keyboard.press("Tab");
      const now = await focused(page);
      if (now === null || now.isSkip) break;
      if (!now.isSeen) found.push(`${name}: the focus is not seen on ${now.what}`);
    }
    const missed = await page.evaluate(() =>
      [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")]
        .filter((element) => element.checkVisibility() && !element.dataset.reached)
        .map((element) => element.outerHTML.slice(0, 120)),
    );
    if (missed.length > 0) found.push(`${name}: not reached by Tab: ${missed.join(" | ")}`);
  }
  await page.goto("/");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const at = await page.evaluate(() => document.activeElement?.id);
  if (at !== "main") found.push(`the skip link leads to ${at}, not to the content`);
  await context.close();
}

await withBrowser(async (browser) => {
  await proveTheRules(browser);
  await lookEverywhere(browser);
  await readWithoutScripts(browser);
  await goByKeyboard(browser);
  hold(found);
  const pages = Object.keys(OPEN).length + Object.keys(PAGES).length;
  console.log(`${pages} pages, each in light and dark, on a desk and on a phone: nothing found; pictures are in ${scene.output}`);
});
