import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type MockBackendOptions, startMockBackend } from '../../../src/lab/mock-backend/start-mock-backend.ts'
import { agentsFor, planFor } from '../../../src/lab/verify-backend/plan.ts'
import type { Timings } from '../../../src/lab/verify-backend/timings.ts'
import { exitCodeOf, type Report, verifyBackend } from '../../../src/lab/verify-backend/verify-backend.ts'
import { makeCertificate } from '../../support/make-certificate.ts'
import { startTlsFront } from '../../support/start-tls-front.ts'
import { type Bug, startWrongBackend } from './wrong-backends.ts'

const TIMINGS: Timings = {
  timeoutMs: 3_000,
  dialMs: 2_000,
  graceMs: 120,
  settleMs: 20,
  silenceMs: 300,
  pongMs: 1_500,
}
const AGENTS = agentsFor({ agentId: 'edge' })

const judge = (backendUrl: string, options: { readonly secret?: string; readonly threadId?: string } = {}) =>
  verifyBackend({ backendUrl, agents: AGENTS, timings: TIMINGS, signal: new AbortController().signal, ...options })

const judgeMock = async (options: MockBackendOptions, given: Parameters<typeof judge>[1] = {}) => {
  const backend = await startMockBackend({ thinkMs: 60, ...options })
  try {
    return { backend, report: await judge(backend.url, given) }
  } finally {
    await backend.close()
  }
}

const judgeWrong = async (bug: Bug, secret?: string): Promise<Report> => {
  const backend = await startWrongBackend(bug, secret)
  try {
    return await judge(backend.url, secret === undefined ? {} : { secret })
  } finally {
    await backend.close()
  }
}

const checksOf = ({ sections }: Report) =>
  sections.flatMap(({ questions }) => questions.flatMap(({ checks }) => checks))

const idsWith = (report: Report, answer: string): readonly string[] =>
  checksOf(report).flatMap(check => (check.answer === answer ? check.id : []))

const seenAt = (report: Report, id: string): string | undefined => checksOf(report).find(check => check.id === id)?.seen

const extras = ({ extras }: Report) => Object.fromEntries(extras.map(({ id, answer }) => [id, answer]))

describe.concurrent('a backend that does it right', () => {
  test('gets a yes to everything, extras included, and is asked as often as was told', async () => {
    const { report, backend } = await judgeMock({ secret: 'swordfish', inReplyTo: true }, { secret: 'swordfish' })
    expect(checksOf(report).filter(({ answer }) => answer !== 'yes')).toEqual([])
    expect(report.steps.map(({ answer }) => answer)).toEqual(Array(5).fill('yes'))
    expect(report.extras.filter(({ answer }) => answer !== 'yes')).toEqual([])
    expect(report.verdict).toBe('yes')
    const plan = planFor({ agents: AGENTS, secret: 'swordfish', timings: TIMINGS })
    expect(backend.received).toHaveLength(plan.answers.usual)
    expect(report.traffic.messages).toHaveLength(plan.answers.usual + plan.refusals)
    expect(new Set(backend.received.map(({ agentId }) => agentId))).toEqual(new Set([...plan.agents, '']))
    expect(JSON.stringify(report)).not.toContain('swordfish')
  })

  test('that knows the document alone gets a yes to all of it, and the extras are no failure', async () => {
    const { report } = await judgeMock({ dialect: 'correlation' })
    expect(idsWith(report, 'yes')).toHaveLength(24)
    expect([report.verdict, exitCodeOf(report, true)]).toEqual(['yes', 0])
    expect(extras(report)).toMatchObject({ 'idempotency-key': 'no', 'in-reply-to': 'no', 'json-ping': 'no' })
  })

  test('that knows one thread only is judged in that one', async () => {
    const { report, backend } = await judgeMock({}, { threadId: '+15622924139' })
    expect(checksOf(report).filter(({ answer }) => answer !== 'yes')).toEqual([])
    expect(new Set(backend.received.map(({ thread_id }) => thread_id))).toEqual(new Set(['+15622924139']))
  })

  test.each<Bug>(['none', 'greets'])('written by somebody else gets the same: %s', async bug => {
    const report = await judgeWrong(bug, 'swordfish')
    expect(checksOf(report).filter(({ answer }) => answer !== 'yes')).toEqual([])
  })
})

describe.concurrent('each fault is found by its own check, and by no other', () => {
  test.each<[Bug, string, string?]>([
    ['end of the older removes the newer', 'older-end-harmless', 'once the older connection had ended'],
    ['end of the older removes the newer, later', 'older-end-harmless', 'once the older connection had ended'],
    ['end of the older closes the newer', 'older-end-harmless', 'closed too (1001)'],
    ['one global socket', 'map-by-agent', 'the reflex for edge-verify-a came to edge-verify-b instead'],
    ['sends to all', 'map-by-agent', 'the reflex for edge-verify-a came to edge-verify-b as well'],
    ['looks up by thread', 'lookup-by-header'],
    ['id from a header', 'id-from-query'],
    ['handshake wants a header', 'id-from-query'],
    ['header in one case only', 'header-any-case'],
    ['older one is kept', 'newer-replaces-older'],
    ['second one is refused', 'newer-replaces-older'],
    ['reflex after the answer', 'reflex-before-answer'],
    ['reflex to a fixed thread', 'thread-id'],
    ['reflex not among the bubbles', 'reflex-is-first-bubble'],
    ['reflex second among the bubbles', 'reflex-is-first-bubble', 'it is bubble 3'],
    ['reflex only in fallback left out', 'no-websocket'],
    ['reflex never over the socket', 'reflex-over-websocket'],
    ['first bubble differs', 'reflex-is-first-bubble', 'it is not among the bubbles'],
    ['500 without the header', 'missing-header'],
    ['500 for an id unknown for ever', 'unknown-id'],
    ['500 without a socket', 'no-websocket'],
    ['500 when the socket closes', 'closed-between', 'status 500'],
    ['waits for a pong', 'half-open', 'no complete answer within'],
    ['any secret', 'secret', 'a wrong secret: accepted with 200; no secret at all: accepted with 200'],
    ['no command_id', 'frame-shape', 'data.command_id: '],
    ['one command_id', 'command-ids'],
    ['another type', 'frame-shape'],
    ['another command_type', 'frame-shape'],
    ['no bubble_type', 'frame-shape'],
    ['no priority', 'frame-shape'],
    ['no timestamp', 'frame-shape'],
    ['no envelope', 'frame-shape'],
    ['no pong', 'pings'],
    ['closes soon', 'stays-open'],
    ['HTML', 'answer-shape', 'not with JSON (text/html): "<html>'],
    ['redirect', 'answer-shape', '302 to https://elsewhere.example/'],
    ['should_respond is a text', 'answer-shape'],
    ['bubbles are objects', 'answer-shape'],
    ['umlauts broken', 'text-intact'],
    ['one of two at once fails', 'two-at-once'],
    ['three reflexes for two', 'two-at-once'],
    ['each reflex twice', 'two-at-once', 'single messages brought several, too'],
    ['no bubbles without a socket', 'no-websocket', 'should_respond true and no bubbles'],
    ['silent without a socket', 'no-websocket', 'but none without one did'],
    ['greets, and never sends a reflex', 'reflex-over-websocket', 'welcome'],
    ['no WebSocket', 'websocket-opens', 'status 404'],
  ])('%s: %s', async (bug, check, seen = '') => {
    const report = await judgeWrong(bug, 'swordfish')
    expect([bug, idsWith(report, 'no')]).toEqual([bug, [check]])
    expect(seenAt(report, check)).toContain(seen)
    expect(exitCodeOf(report, false)).toBe(1)
  })
})

describe.concurrent('a doubt is no failure, unless it has to be', () => {
  test('whether all bubbles are there cannot be told where the reflex never is', async () => {
    expect(idsWith(await judgeWrong('reflex not among the bubbles'), 'unclear')).toEqual(['no-websocket'])
  })

  test.each<Bug>(['never answers in words', 'busy'])('%s', async bug => {
    const report = await judgeWrong(bug)
    expect(idsWith(report, 'no')).toEqual([])
    expect(idsWith(report, 'unclear')).toContain('reflex-over-websocket')
    expect([report.verdict, exitCodeOf(report, false), exitCodeOf(report, true)]).toEqual(['unclear', 0, 1])
  })

  test('a reflex need not come for every message', async () => {
    const report = await judgeWrong('a reflex one time in three')
    expect(idsWith(report, 'no')).toEqual([])
    const { usual, most } = planFor({ agents: AGENTS, timings: TIMINGS }).answers
    expect(report.traffic.messages.length).toBeGreaterThan(usual)
    expect(report.traffic.messages.length).toBeLessThanOrEqual(most)
  })
})

describe.concurrent('a backend that cannot be reached', () => {
  test('is said to be so, and nothing is judged', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    await new Promise(resolve => server.close(resolve))
    const report = await judge(`http://127.0.0.1:${port}`)
    expect(report).toMatchObject({ verdict: 'unreachable', unreachable: { code: 'ECONNREFUSED' }, sections: [] })
    expect(exitCodeOf(report, false)).toBe(69)
  })

  test('may have a certificate that nobody vouches for', async () => {
    const backend = await startMockBackend()
    const front = await startTlsFront(backend.port, makeCertificate('127.0.0.1'))
    const report = await judge(`https://127.0.0.1:${front.port}`)
    await Promise.all([front.close(), backend.close()])
    expect(report.unreachable).toMatchObject({ message: expect.stringMatching(/self.signed certificate/) })
    expect(exitCodeOf(report, false)).toBe(69)
  })
})

test('a secret that the backend sends back is not in the report', async () => {
  const { report } = await judgeMock({ secret: 'sword"fish', reflex: 'is it sword"fish?' }, { secret: 'sword"fish' })
  expect(report.verdict).toBe('yes')
  expect(JSON.stringify(report)).toContain('[secret]')
  expect(JSON.stringify(report)).not.toMatch(/sword\W+fish/)
})

test('a run that is stopped ends with its reason, and leaves no connection', async () => {
  const stop = new AbortController()
  const reason = new Error('enough')
  const backend = await startMockBackend({
    thinkMs: 5_000,
    onEvent: ({ type }) => type === 'posted' && stop.abort(reason),
  })
  const run = verifyBackend({ backendUrl: backend.url, agents: AGENTS, timings: TIMINGS, signal: stop.signal })
  await expect(run).rejects.toBe(reason)
  await expect.poll(() => backend.connections.size).toBe(0)
  await backend.close()
})
