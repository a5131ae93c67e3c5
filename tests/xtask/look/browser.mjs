// The browser that looks at the dashboard, and what every script here is told by `cargo xtask look`.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

/** Where Slipway is, who may sign in, and where things are: what `tests/xtask/src/look/browser.rs` writes. */
export const scene = JSON.parse(process.env.SLIPWAY_LOOK);

/** The path of an environment of the scene, below `/dashboard/environments/`. */
scene.line = (environment) => `${scene.repository}/${scene.service}/${environment}`;

const require = createRequire(`${scene.modules}/package.json`);
const { chromium } = require("playwright-core");

/** The source of axe-core, to be run in a page. */
export const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** How long anything may take on a busy machine, in milliseconds. */
export const PATIENCE = 60_000;

export const DESKTOP = { width: 1200, height: 800 };
export const PHONE = { width: 360, height: 740 };

/** Starts the browser, does `work` with it, and ends it. A failure ends the script with its reason. */
export async function withBrowser(work) {
  const browser = await chromium.launch({ executablePath: scene.browser, args: ["--disable-dev-shm-usage"] });
  try {
    await work(browser);
  } finally {
    await browser.close();
  }
}

/** A window of its own. What goes wrong in its pages is pushed to `problems`. */
export async function windowOf(browser, options, problems = []) {
  const context = await browser.newContext({ baseURL: scene.url, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(PATIENCE);
  context.on("weberror", (error) => problems.push(`an error in a script: ${error.error()}`));
  context.on("console", (message) => {
    if (message.type() !== "error") return;
    // The browser tells of each answer that is no success; which one is meant here is held by whoever asks for it.
    if (message.text().startsWith("Failed to load resource") && isPage(message.location().url, message.page())) return;
    problems.push(`an error on the console: ${message.text()}`);
  });
  const page = await context.newPage();
  return { context, page };
}

/** Whether what could not be loaded is the page itself, as a page of an error is. */
function isPage(address, page) {
  return page !== null && address === page.url();
}

/** Signs in with the token of somebody of that role. */
export async function signIn(page, role) {
  const person = scene.people.find((one) => one.role === role);
  await page.goto("/dashboard/sign-in");
  await page.getByLabel("Token of the API").fill(person.token);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL((url) => url.pathname === "/");
}

/** Fails with everything that was found, if anything was. */
export function hold(found) {
  if (found.length === 0) return;
  for (const one of found) console.error(`- ${one}`);
  throw new Error(`${found.length} things are not as they must be, see above`);
}
