import { describe, expect, test } from 'vitest'
import { afterSend, type SendOutcome, unsendable } from '../../../src/agent/core/bubble.ts'
import { GAP_MARK, judgeSend, type SendEnd, SPAWN_MARK } from '../../../src/agent/core/judge-send.ts'
import { says } from '../../../src/agent/core/says.ts'

const exited = (code: number): SendEnd => ({ kind: 'exited', code })
const error = (number: number) =>
  `send.applescript: execution error: „Messages“ hat einen Fehler erhalten. (${number})\n`
const SPAWNED = `${SPAWN_MARK}\n`
const RESOLVE = `${SPAWNED}edge-agent phase: resolve\n`
const SEND = `${RESOLVE}edge-agent phase: send\n`
const DONE = `${SEND}edge-agent phase: done\n`

describe('how an attempt to send ended', () => {
  const rows: [name: string, end: SendEnd, output: string | undefined, expected: Partial<SendOutcome>][] = [
    ['all went well', exited(0), DONE, { kind: 'done' }],
    ['all went well, without phases', exited(0), '', { kind: 'done' }],
    ['killed after it was done', { kind: 'killed', by: 'timeout' }, DONE, { kind: 'done' }],
    ['no such program', { kind: 'not-spawned', code: 'ENOENT' }, '', { kind: 'not-started', reason: 'spawn_ENOENT' }],
    ['no such chat', exited(1), RESOLVE + error(-1728), { kind: 'not-started', cause: 'no-such-chat' }],
    ['no such chat, without phases', exited(1), error(-1728), { kind: 'not-started', cause: 'no-such-chat' }],
    ['not allowed', exited(1), RESOLVE + error(-1743), { kind: 'not-started', cause: 'not-allowed' }],
    ['Messages does not run', exited(1), error(-600), { kind: 'not-started', cause: 'other' }],
    [
      'an error after the send began',
      exited(1),
      SEND + error(-1728),
      { kind: 'unknown', reason: 'messages_error_-1728' },
    ],
    ['timed out, without phases', exited(1), error(-1712), { kind: 'unknown', reason: 'messages_error_-1712' }],
    ['timed out while resolving', exited(1), RESOLVE + error(-1712), { kind: 'not-started' }],
    ['the event was not handled', exited(1), error(-1708), { kind: 'unknown' }],
    ['hung in the send', { kind: 'killed', by: 'timeout' }, SEND, { kind: 'unknown', reason: 'timed_out' }],
    ['hung before the send', { kind: 'killed', by: 'timeout' }, RESOLVE, { kind: 'not-started' }],
    ['hung, without phases', { kind: 'killed', by: 'timeout' }, '', { kind: 'unknown', reason: 'timed_out' }],
    ['hung before its first phase', { kind: 'killed', by: 'timeout' }, SPAWNED, { kind: 'unknown' }],
    ['a shell found nothing to run', exited(127), 'sh: no such file', { kind: 'not-started', reason: 'exit_127' }],
    ['failed for no known reason', exited(1), 'oops', { kind: 'unknown', reason: 'exit_1' }],
    ['the agent was gone when it ended, after the send began', { kind: 'unobserved' }, SEND, { kind: 'unknown' }],
    ['the agent was gone when it ended, well', { kind: 'unobserved' }, DONE, { kind: 'done' }],
    ['the agent was gone, nothing was ever spawned', { kind: 'unobserved' }, '', { kind: 'not-started' }],
    ['the agent was gone, no phase was left', { kind: 'unobserved' }, SPAWNED, { kind: 'unknown' }],
    ['killed before it left its mark', { kind: 'killed', by: 'SIGXFSZ' }, '', { kind: 'not-started' }],
    ['its output cannot be read', { kind: 'unobserved' }, undefined, { kind: 'unknown', reason: 'evidence_lost' }],
    ['its output cannot be read, but it went well', exited(0), undefined, { kind: 'done' }],
    ['its phases with other line ends', exited(1), RESOLVE.replaceAll('\n', '\r\n'), { kind: 'not-started' }],
    ['the next phase cut off in its name', exited(1), `${RESOLVE}edge-agent phase: se`, { kind: 'unknown' }],
    ['the next phase cut off before its name', { kind: 'unobserved' }, `${RESOLVE}edge-ag`, { kind: 'unknown' }],
    ['a long output whose middle is not known', exited(1), RESOLVE + GAP_MARK + error(-1728), { kind: 'unknown' }],
    [
      'a number in the text of the error is none',
      exited(1),
      'error: Can’t get chat id "(-1728)x".\n',
      { kind: 'unknown' },
    ],
  ]
  test.each(rows)('%s', (_name, end, output, expected) => {
    expect(judgeSend(end, output)).toMatchObject(expected)
  })
})

describe('what follows an attempt', () => {
  const notStarted: SendOutcome = { kind: 'not-started', reason: 'r', cause: 'other' }
  test('what did not start is tried again, later each time, and fails at the last try', () => {
    expect(afterSend(notStarted, 1, 3)).toMatchObject({ state: 'planned', delayMs: 1_000 })
    expect(afterSend(notStarted, 2, 3)).toMatchObject({ state: 'planned', delayMs: 2_000 })
    expect(afterSend(notStarted, 3, 3)).toMatchObject({ state: 'failed' })
  })
  test('a missing permission pauses all sending and costs no try', () => {
    expect(afterSend({ ...notStarted, cause: 'not-allowed' }, 9, 3)).toMatchObject({ state: 'paused' })
  })
  test('what may have happened is never planned again here', () => {
    expect(afterSend({ kind: 'unknown', reason: 'timed_out' }, 1, 3)).toEqual({ state: 'unknown', reason: 'timed_out' })
  })
})

test('a text that cannot be handed to Messages is not sendable', () => {
  expect(unsendable('a\0b')).toBe('text_has_nul')
  expect(unsendable('a\ud800b')).toBe('text_has_lone_surrogate')
  expect(unsendable('-e "do shell script" 👋🏽\n$(id)')).toBeUndefined()
})

test.each([
  ['trailing space', 'okie lemme see ', 'okie lemme see'],
  ['decomposed', 'cafe\u0301', 'café'],
  ['line ends', 'a\r\nb', 'a\nb'],
  ['variation selector', '❤️', '❤'],
  ['curly quotes', '“it’s”', '"it\'s"'],
  ['zero width', 'a\u200bb', 'ab'],
])('two texts say the same: %s', (_name, one, other) => {
  expect(says(one)).toBe(says(other))
})

test('case and words count', () => {
  expect(says('Ok')).not.toBe(says('ok'))
  expect(says('okie')).not.toBe(says('okie dokie'))
})
