// Pages of the report in a real browser: accessibility (axe), no sideways scrolling, no console message.
//
//   npm i axe-core puppeteer-core          # in a folder of your own, which holds a copy of this file
//   node browser.mjs report.html [compare.html ...]
//
// The program is $CHROMIUM, or /usr/bin/chromium. `cargo test -p srlm-eval --test report --test hostile` leaves
// report.html and hostile.html in target/tmp. Every page is looked at on a phone and on a wide screen, light and dark,
// with all <details> open. Exits with 1 on any finding.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import puppeteer from 'puppeteer-core';

const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox'] });
let findings = 0;

async function look(file, scheme, width) {
  const page = await browser.newPage();
  const messages = [];
  page.on('console', (message) => messages.push(message.text()));
  page.on('dialog', (dialog) => { messages.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => request.url().startsWith('file:') || messages.push(`request ${request.url()}`));
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await page.setViewport({ width, height: 1000 });
  await page.goto(`file://${resolve(file)}`);
  const sideways = await page.evaluate(() => {
    document.querySelectorAll('details').forEach((details) => { details.open = true; });
    return document.documentElement.scrollWidth - document.documentElement.clientWidth;
  });
  const said = [...messages];
  await page.setBypassCSP(true);
  await page.reload();
  await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
  console.log(`${file} ${scheme} ${width}: ${violations.length} violations, ${passes.length} rules passed, ` +
    `${sideways} px sideways, ${said.length} messages`);
  violations.forEach(({ impact, id, nodes }) => console.log(`  ${impact} ${id}: ${nodes[0].html.slice(0, 200)}`));
  said.forEach((message) => console.log(`  ${message}`));
  findings += violations.length + said.length + (sideways > 0 ? 1 : 0);
  await page.close();
}

for (const file of process.argv.slice(2)) {
  for (const scheme of ['light', 'dark']) {
    for (const width of [390, 1400]) await look(file, scheme, width);
  }
}
await browser.close();
process.exit(findings > 0 ? 1 : 0);
