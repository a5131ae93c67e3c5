// docs/walkthrough.md, step by step, in a real browser. Each step has its heading and its picture there, so that the document tells
// what happens.

import { readFileSync } from "node:fs";

import { PATIENCE, hold, scene, signIn, windowOf, withBrowser } from "./browser.mjs";

const WINDOW = { width: 960, height: 620 };
const document = readFileSync(scene.document, "utf8");
const production = `/dashboard/environments/${scene.line("production")}`;
let step = 0;
let told = 0;

/** One step: what is done, and the picture that shows what came of it, from the top of the page or from what `from` finds. */
async function take(page, heading, name, doing, from) {
  step += 1;
  await doing();
  const picture = `${step}-${name}.png`;
  const at = document.indexOf(`\n## ${step}. ${heading}\n`, told);
  const shown = document.indexOf(`](walkthrough/${picture})`, at);
  if (at < 0 || shown < 0) hold([`docs/walkthrough.md lacks the heading "${step}. ${heading}" with the picture ${picture} after it`]);
  told = shown;
  if (from) await page.locator(from).first().evaluate((element) => element.scrollIntoView({ block: "start" }));
  await page.screenshot({ path: `${scene.output}/${picture}` });
  console.log(`${step}. ${heading}`);
}

/** Waits until the page says so; it updates itself. */
const says = (page, text) => page.locator("main").getByText(text).first().waitFor({ timeout: PATIENCE });

await withBrowser(async (browser) => {
  const { context, page } = await windowOf(browser, { viewport: WINDOW, colorScheme: "light" });

  await take(page, "Sign in", "overview", async () => {
    await signIn(page, "deployer");
    await says(page, "What needs a person");
  });

  await take(page, "Look at what waits", "waiting", async () => {
    await page.getByRole("link", { name: "production of shop" }).first().click();
    await says(page, "0 of 1 approvals");
  });

  await take(page, "Approve it", "approved", async () => {
    await page.getByRole("button", { name: "Approve" }).click();
    await says(page, "Approved:");
  });

  await take(page, "See it go live", "live", async () => {
    await page.goto(production);
    await page.locator(".facts").getByText("Sort the cart").waitFor();
    await page.locator("#history + .history summary", { hasText: "Sort the cart" }).click();
  }, "h1");

  await take(page, "Take it back", "back", async () => {
    await page.getByLabel("Go back to").selectOption({ index: 0 });
    await page.getByLabel("Why").fill("customers see an empty cart");
  }, "#acts");

  await take(page, "See what is there now", "held", async () => {
    await page.getByRole("button", { name: "Go back" }).click();
    await says(page, "Noted:");
    await page.goto(production);
    await page.locator(".facts").getByText("Mend the discount").waitFor();
    await says(page, "customers see an empty cart");
  });

  await take(page, "Let releases go on", "lifted", async () => {
    await page.getByRole("button", { name: "Lift the hold" }).click();
    await says(page, "The hold is lifted");
  });

  await take(page, "Read who did what", "audit", async () => {
    await page.getByRole("link", { name: "Audit" }).click();
    await says(page, "approve");
  });

  await context.close();
});
