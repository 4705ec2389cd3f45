// Takes docs/demo-web.png anew: plays a short conversation in `demo --web`, in a browser, on a machine that should have
// nothing else to do. Needs a build, and Chromium or Chrome.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { findBrowser } from '../test/support/find-browser.ts'

const root = new URL('..', import.meta.url)
const main = fileURLToPath(new URL('dist/main.js', root))
const demo = spawn(process.execPath, [main, 'demo', '--web', '--json', '--no-open', '--port', '8798'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const browser = await chromium.launch({ executablePath: findBrowser() })
try {
  const [line] = await once(createInterface({ input: demo.stdout }), 'line')
  const page = await browser.newPage({ viewport: { width: 1360, height: 880 }, reducedMotion: 'reduce' })
  await page.goto(JSON.parse(line).url)
  await play(page)
  await page.screenshot({ path: fileURLToPath(new URL('docs/demo-web.png', root)) })
  console.log(await page.locator('#chart figcaption').textContent())
} finally {
  await browser.close()
  demo.kill('SIGTERM')
}

async function play(page) {
  const say = async text => {
    await page.getByLabel('Write as the person').fill(text)
    await page.keyboard.press('Enter')
  }
  const heard = count =>
    page
      .locator('.assistant')
      .nth(count - 1)
      .waitFor({ timeout: 60_000 })
  const settled = () =>
    page
      .locator('.message')
      .first()
      .getByText(/answered/)
      .waitFor()

  await say('Can you find me the best deal for a Mac mini?')
  await heard(4)
  await settled()
  await page.getByRole('button', { name: 'Lose the next answer' }).click()
  await say('yes please')
  await heard(7)
  await page.locator('.message .summary').first().click()
  await page.getByLabel('Strikes').selectOption('always')
  await page.getByLabel('How likely').selectOption('0.2')
  await page.getByRole('switch', { name: 'Lose the answer' }).click()
  await say('When would it be here?')
  await heard(8)
  await page.mouse.move(700, 20)
}
