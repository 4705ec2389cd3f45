import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { KNOWN_EVENTS } from '../../../src/mac/report/known-events.ts'
import { redactLog } from '../../../src/mac/report/redact-log.ts'

test('every event that src logs is known to the report, and no other', () => {
  const src = fileURLToPath(new URL('../../../src', import.meta.url))
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    path => path.endsWith('.ts') && path !== join('report', 'known-events.ts'),
  )
  const texts = files.map(path => readFileSync(join(src, path), 'utf8'))
  const events = texts.flatMap(eventsOf)
  expect(events.length).toBeGreaterThan(15)
  expect(events.filter(event => !KNOWN_EVENTS.has(event))).toEqual([])
  // Those of the connection are put together.
  const isThere = (event: string) => event.startsWith('connection ') || texts.some(text => text.includes(`'${event}'`))
  expect([...KNOWN_EVENTS].filter(event => !isThere(event))).toEqual([])
})

test('of an event the fields that are known pass, where they look as they should', () => {
  const line = {
    level: 'info',
    time: '2026-02-14T09:30:07.123Z',
    pid: 4242,
    guid: 'D2B4A1F0-1111',
    posts: 2,
    waitMs: 15622924139,
    reason: 'network_ECONNRESET',
    rule: 'see you at eight',
    text: 'see you at eight',
    err: { message: 'see you at eight' },
    msg: 'message waits for its retry',
  }
  expect(redactLog([JSON.stringify(line)]).map(text => JSON.parse(text) as unknown)).toEqual([
    {
      time: '2026-02-14T09:30:07.123Z',
      level: 'info',
      pid: 4242,
      msg: 'message waits for its retry',
      reason: 'network_ECONNRESET',
      posts: 2,
    },
  ])
})

test('an event that is not known is no more than its length', () => {
  expect(redactLog(['{"level":"warn","code":"chat_db_busy","msg":"see you at eight"}'])).toEqual([
    '{"level":"warn","msg":"[16 characters]","code":"chat_db_busy"}',
  ])
})

test('of a crash its place and its codes are left, of its words none; other lines are counted', () => {
  const crash = [
    'see you at eight',
    '{"level":"info","text":"cut off',
    'file:///Users/ann/Library/Application%20Support/edge-agent/runtime/app/dist/agent.js:12',
    '    throw new Error(`see you at eight`)',
    '          ^',
    'TypeError [ERR_INVALID_ARG_TYPE]: see you at eight',
    "Error: EACCES: permission denied, open '/Users/ann/see you at eight'",
    '    at startAgent (file:///Users/ann/x/app/dist/agent.js:12:34)',
    '    at async node:internal/modules/run_main:99:3',
    '    at see you at eight',
    'Node.js v24.21.0',
  ]
  expect(redactLog(crash)).toEqual([
    '[2 lines left out]',
    'dist/agent.js:12',
    '[2 lines left out]',
    'TypeError ERR_INVALID_ARG_TYPE',
    'Error EACCES',
    '    at startAgent (dist/agent.js:12:34)',
    '    at (node:internal/modules/run_main:99:3)',
    '[1 line left out]',
    'Node.js v24.21.0',
  ])
})

/** The last argument of each call of the log, where it is to be read there. */
const eventsOf = (text: string): readonly string[] =>
  [...text.matchAll(/\blog\.(?:debug|info|warn|error|fatal)\(/g)].flatMap(({ index }) => {
    const call = text.slice(index, endOfCall(text, text.indexOf('(', index)))
    const event = /[,?:]\s*'([^'\n]+)',?\s*$/.exec(call)?.[1]
    return event === undefined ? [] : [event]
  })

const endOfCall = (text: string, open: number): number => {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    if (text[at] === '(') depth++
    if (text[at] === ')' && --depth === 0) return at
  }
  return text.length
}
