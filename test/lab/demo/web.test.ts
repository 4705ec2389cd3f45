import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startWithConsole } from '../../../src/lab/mock-backend/start-with-console.ts'
import { findBrowser } from '../../support/find-browser.ts'
import { processesWith } from '../../support/processes.ts'

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url))
const PATIENT = { timeout: 60_000 }

const tmp = mkdtempSync(join(tmpdir(), 'web-demo-'))
let browser: Browser
let demo: ChildProcess
let url = ''
beforeAll(async () => {
  // The browser writes into its user's home, and not everybody has one.
  const env = { ...process.env, HOME: tmp, XDG_CONFIG_HOME: tmp, XDG_CACHE_HOME: tmp }
  browser = await chromium.launch({ executablePath: findBrowser(), env, args: ['--disable-dev-shm-usage'] })
  demo = spawn(process.execPath, [MAIN, 'demo', '--web', '--no-open', '--json'], {
    env: { ...process.env, TMPDIR: tmp },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface({ input: demo.stdout as NodeJS.ReadableStream }), 'line')
  url = JSON.parse(line).url
})
afterAll(async () => {
  demo?.kill('SIGKILL')
  await browser?.close()
  rmSync(tmp, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

/** A page that holds the test against whatever it complains about. */
const open = async (address: string, size: { width: number; height: number }, colorScheme?: 'dark'): Promise<Page> => {
  const page = await browser.newPage({ viewport: size, ...(colorScheme && { colorScheme }) })
  page.setDefaultTimeout(PATIENT.timeout)
  const complaints: string[] = []
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', error => complaints.push(error.message))
  page.on('dialog', dialog => complaints.push(`a dialog: ${dialog.message()}`))
  complaintsOf.set(page, complaints)
  await page.goto(address)
  return page
}
const complaintsOf = new Map<Page, string[]>()

const close = async (page: Page): Promise<void> => {
  await page.close()
  expect(complaintsOf.get(page)).toEqual([])
}

const DESKTOP = { width: 1280, height: 900 }
const PHONE = { width: 390, height: 844 }

/** The bubbles on the phone, after so many, in order. */
const bubbles = async (page: Page, from: number, count: number): Promise<readonly (string | null)[]> => {
  const all = page.locator('.phone-screen .assistant .bubble')
  await vi.waitFor(async () => expect(await all.count()).toBeGreaterThanOrEqual(from + count), PATIENT)
  return (await all.allTextContents()).slice(from)
}

/** How many are there when a page opens: all that was sent before. */
const countBubbles = async (page: Page): Promise<number> => {
  await page.locator('.phone-screen').waitFor()
  return page.locator('.phone-screen .assistant .bubble').count()
}

const isSettled = async (page: Page): Promise<void> => {
  const verdict = page.locator('#phone-verdict')
  await vi.waitFor(
    async () => expect(await verdict.textContent()).toMatch(/✓ (\d+) sent · \1 received · 0 missing · 0 twice/),
    PATIENT,
  )
}

test('by clicks, on a desktop: a message is answered, a fault survived, and all of it told', async () => {
  const page = await open(url, DESKTOP)
  await page.getByRole('button', { name: /Mac mini/ }).click()
  await page.getByText('The assistant is typing').waitFor({ state: 'attached' })
  expect(await bubbles(page, 0, 4)).toEqual([
    'okie lemme see',
    'found a few good options 👀',
    'the refurbished one is $120 less',
    'want me to send you the link?',
  ])

  await page.getByRole('switch', { name: 'Lose the answer' }).click()
  await page.getByText('On: Lose the answer.').waitFor()
  await page.getByRole('textbox', { name: 'Write as the person' }).fill('yes please <img src=x onerror=alert(1)>')
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  expect(await bubbles(page, 4, 3)).toEqual([
    'on it',
    'here you go: example.com/mac-mini',
    'shall I keep an eye on the price?',
  ])
  await isSettled(page)
  expect(await page.getByRole('switch', { name: 'Lose the answer' }).getAttribute('aria-checked')).toBe('false')

  expect(await page.locator('img').count()).toBe(0)
  const row = page.locator('.message').first()
  await row.getByRole('button', { name: /yes please <img/ }).click()
  const steps = await row.getByRole('list', { name: 'Timeline' }).locator('.label').allTextContents()
  for (const step of [
    'POST in',
    'Fault: Lose the answer',
    'Reflex out: "on it"',
    'On the phone: "on it"',
    'Connection ended before the answer',
    'POST in again (2), with the same key',
    'Answer out: 200, 3 bubbles',
  ])
    expect(steps).toContain(step)
  await row.getByText('Answer', { exact: true }).click()
  expect(await row.locator('pre:visible').textContent()).toMatch(/^\{"should_respond":true/)

  await page.getByLabel('Text', { exact: true }).first().fill('mac MINI')
  await vi.waitFor(async () => expect(await page.locator('.message').count()).toBe(1))
  await close(page)
})

test('kill -9 between reflex and answer: the agent comes back, and the person gets each bubble once', async () => {
  const page = await open(url, DESKTOP)
  const before = await countBubbles(page)
  await page.getByRole('button', { name: 'kill -9 after reflex' }).click()
  await page.getByLabel('Write as the person').fill('tell me a joke')
  await page.keyboard.press('Enter')
  await page.locator('.note', { hasText: 'kill -9' }).waitFor(PATIENT)
  await page.locator('.note', { hasText: 'restarted' }).waitFor(PATIENT)
  expect(await bubbles(page, before, 3)).toEqual([
    'hmm, one moment',
    'I know one about UDP',
    'but you might not get it',
  ])
  await isSettled(page)
  await close(page)
})

test('the answer is lost once, by a click: each of the reflexes that follow is there long before its answer', async () => {
  const page = await open(url, DESKTOP)
  await page.getByText('● agent running').waitFor()
  const known = await timings(page)
  const shown = page.locator('.phone-screen .assistant .bubble')
  await page.getByRole('button', { name: 'Lose the next answer' }).click()
  for (const text of ['one', 'two', 'three', 'four', 'five']) {
    const before = await shown.count()
    await page.getByLabel('Write as the person').fill(text)
    await page.keyboard.press('Enter')
    expect((await bubbles(page, before, 3))[0]).toBe('okie lemme see')
  }
  await isSettled(page)
  const [lost, ...others] = (await timings(page)).slice(known.length)
  expect(lost?.posts).toBe(2)
  expect(others).toHaveLength(4)
  for (const { seenMs, answerMs } of others) expect(seenMs).toBeLessThan(answerMs / 2)
  await close(page)
})

/** Of each message: how often it was POSTed, and how long after that the first bubble was seen and the answer there. */
const timings = (page: Page) =>
  page.evaluate<readonly { readonly posts: number; readonly seenMs: number; readonly answerMs: number }[]>(
    `import('/page-state.js').then(({ pageState }) =>
       [...pageState.items.values()].filter(({ kind }) => kind === 'message')
         .map(({ posts, seenMs, answerMs }) => ({ posts, seenMs, answerMs })))`,
  )

test('on a phone, in the dark, everything is there and nothing is wider than the screen', async () => {
  const page = await open(url, PHONE, 'dark')
  const before = await countBubbles(page)
  await page.getByLabel('Write as the person').fill('thanks')
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  expect(await bubbles(page, before, 1)).toEqual(['anytime 🙌'])
  for (const tab of ['Agents', 'Command', 'Replies', 'Faults']) {
    await page.getByRole('tab', { name: tab }).click()
    expect(await page.getByRole('tabpanel', { name: tab }).isVisible()).toBe(true)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width)
  }
  const [ground, text] = (await page.evaluate(
    '[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]',
  )) as [string, string]
  expect(brightness(ground)).toBeLessThan(60)
  expect(brightness(text)).toBeGreaterThan(200)
  await close(page)
})

const brightness = (rgb: string): number => Math.max(...[...rgb.matchAll(/\d+/g)].slice(0, 3).map(Number))

test('by keyboard alone: a command is written, sent and seen to its end', async () => {
  const page = await open(url, DESKTOP)
  const before = await countBubbles(page)
  const focused = () => page.evaluate('document.activeElement.textContent.trim() || document.activeElement.id')
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('Skip to the messages')
  for (let presses = 0; (await focused()) !== 'Faults'; presses += 1) {
    expect(presses).toBeLessThan(80)
    await page.keyboard.press('Tab')
  }
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  expect(await focused()).toBe('Command')
  const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
  expect(outline).toBe('solid')
  for (const text of ['', '', 'sent by hand']) {
    await page.keyboard.press('Tab')
    await page.keyboard.type(text)
  }
  while ((await focused()) !== 'Send command') await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  expect(await bubbles(page, before, 1)).toEqual(['sent by hand'])
  await page.locator('.message').first().getByText('✓ completed').waitFor(PATIENT)
  await close(page)
})

test('a command for later is written, and sent when its time has come', async () => {
  const page = await open(url, DESKTOP)
  const before = await countBubbles(page)
  await page.getByRole('tab', { name: 'Command' }).click()
  await page.getByRole('textbox', { name: 'Text' }).fill('sent later')
  const now = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000)
  await page.getByLabel('Send later, at').fill(now.toISOString().slice(0, 19))
  await page.getByRole('button', { name: 'Send command' }).click()
  expect(await bubbles(page, before, 1)).toEqual(['sent later'])
  await page.locator('.message').first().getByText('✓ completed').waitFor(PATIENT)
  await close(page)
})

test('a mock backend alone: what to do first is said, a secret is asked for, and there is no phone', async () => {
  const mock = await startWithConsole({ behaviour: {}, secret: 'swordfish' })
  const page = await browser.newPage({ viewport: DESKTOP })
  await page.goto(mock.backend.url)
  await page.getByRole('textbox', { name: 'Secret' }).fill('tuna')
  await page.keyboard.press('Enter')
  await page.getByText('this is not the secret').waitFor()
  await page.getByRole('textbox', { name: 'Secret' }).fill('swordfish')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('Connect an agent').waitFor()
  expect(await page.locator('#message-empty code').textContent()).toContain(`--backend-url ${mock.backend.url}`)
  expect(await page.locator('.phone').count()).toBe(0)
  await page.close()
  await mock.close()
})

test('Ctrl-C ends everything in order, exit code 0', async () => {
  const page = await open(url, DESKTOP)
  await page.locator('.phone').waitFor()
  expect(processesWith(tmp).filter(({ command }) => command.includes('messages-simulator')).length).toBeGreaterThan(0)
  const exited = once(demo, 'exit')
  demo.kill('SIGINT')
  expect(await exited).toEqual([0, null])
  await page.getByText('the backend does not answer').waitFor()
  await page.close()
  expect(processesWith(join(tmp, 'edge-agent-demo'))).toEqual([])
  expect(readdirSync(tmp).filter(name => name.startsWith('edge-agent-demo'))).toEqual([])
})
