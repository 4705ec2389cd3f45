import { expect, test } from 'vitest'
import { JOB_MARK, judgeSend, READY_MARK, type SendEnd, SPAWN_MARK } from '../../../src/agent/core/judge-send.ts'

const wrote = (...lines: readonly string[]): string => [SPAWN_MARK, ...lines, ''].join('\n')
const resolve = 'edge-agent phase: resolve'
const send = 'edge-agent phase: send'
const done = 'edge-agent phase: done'
const ready = wrote(resolve, READY_MARK)
const handed = wrote(resolve, READY_MARK, JOB_MARK)
const code = (n: number): SendEnd => ({ kind: 'exited', code: n, warm: true })
const left: SendEnd = { kind: 'unobserved' }

test.each<[string, SendEnd, string | undefined, string]>([
  ['it sent and said so', code(0), `${handed}${send}\n${done}\n`, 'done'],
  ['it sent and said so, and then failed', code(1), `${handed}${send}\n${done}\n`, 'done'],
  ['it refused its job', code(1), handed, 'not-started'],
  ['it ended with 0, and never began to send', code(0), handed, 'not-started'],
  ['it ended with 0 in the middle of the send', code(0), `${handed}${send}\n`, 'unknown'],
  ['it ended with 0, and what it wrote is lost', code(0), undefined, 'unknown'],
  ['it took its job, and was ended for doing nothing', { kind: 'killed', by: 'timeout' }, handed, 'not-started'],
  ['it hung while it sent', { kind: 'killed', by: 'timeout' }, `${handed}${send}\n`, 'unknown'],
  ['it was gone before its job', { kind: 'not-spawned', code: 'SLOT_GONE' }, ready, 'not-started'],
  ['of an earlier life, that had not handed it its job', left, ready, 'not-started'],
  ['of an earlier life, refused as half a job', left, `${handed}execution error: torn (41002)\n`, 'not-started'],
  ['of an earlier life, and it sent', left, `${handed}${send}\n${done}\n`, 'done'],
  ['of an earlier life, in the middle of the send', left, `${handed}${send}\n`, 'unknown'],
])('one that had stood ready: %s', (_, end, output, kind) => {
  expect(judgeSend(end, output).kind).toBe(kind)
})

test('one that was started for its text needs no last word', () => {
  expect(judgeSend({ kind: 'exited', code: 0 }, '').kind).toBe('done')
  expect(judgeSend({ kind: 'exited', code: 0 }, undefined).kind).toBe('done')
})
