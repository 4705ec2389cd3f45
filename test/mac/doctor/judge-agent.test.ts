import { expect, test } from 'vitest'
import type { AutomationProbe, ChatDbProbe } from '../../../src/agent/core/probes.ts'
import { judgeAgent } from '../../../src/mac/doctor/judge-agent.ts'
import { judgeMessages } from '../../../src/mac/doctor/judge-messages.ts'
import { judgePermissions } from '../../../src/mac/doctor/judge-permissions.ts'
import type { AgentFacts, Status } from '../../../src/mac/doctor/look-at-agent.ts'
import { ended, MISSING, said } from './ends.ts'

const NOW = Date.UTC(2026, 1, 14)
const HOUR = 3_600_000
const STATUS: Status = {
  agent: { id: 'edge_1', version: '1.0.0', pid: 4242, label: 'com.edge-agent', uptimeSeconds: 90 },
  connection: { state: 'open', since: NOW },
  chatDb: { readable: true },
  problems: [],
  messages: {},
  bubbles: {},
}
const CHAT_DB: ChatDbProbe = { readable: true, highestRowid: 10, seenRowid: 10, newestIncomingMs: NOW - HOUR }
const AUTOMATION: AutomationProbe = { state: 'granted', accounts: 2, enabledAccounts: 1, tookMs: 5 }

const running = ({
  status = {},
  automation = {},
  chatDb = {},
  later,
}: {
  readonly status?: Partial<Status>
  readonly automation?: Partial<AutomationProbe>
  readonly chatDb?: Partial<ChatDbProbe>
  readonly later?: Partial<ChatDbProbe>
}): AgentFacts => ({
  kind: 'running',
  status: { ...STATUS, ...status },
  automation: { kind: 'told', answer: { ...AUTOMATION, ...automation } },
  chatDb: { kind: 'told', answer: { ...CHAT_DB, ...chatDb } },
  chatDbLater: later && { kind: 'told', answer: { ...CHAT_DB, ...chatDb, ...later } },
})
const DOWN: AgentFacts = { kind: 'not-running' }

const PLACE = { isMac: true, readByUs: 'readable', chatDb: '/x/chat.db', node: '/x/runtime/edge-agent' }
const permission = (code: string, agent: AgentFacts, place = {}) =>
  judgePermissions({ agent, ...PLACE, ...place }).find(check => check.code === code)

test('what the agent sees counts, whatever this terminal sees', () => {
  expect(permission('chat_db', running({}), { readByUs: 'EPERM' })?.state).toBe('ok')
  const problem = { code: 'chat_db_forbidden', message: 'macOS does not let this program read it', remedy: 'grant it' }
  expect(permission('chat_db', running({ chatDb: { readable: false, problem } }))).toMatchObject({
    state: 'failed',
    cure: expect.stringMatching(/Privacy_AllFiles.*\/x\/runtime\/edge-agent/),
  })
  const damaged = { code: 'chat_db_damaged', message: 'not a database', remedy: 'open Messages' }
  expect(permission('chat_db', running({ chatDb: { readable: false, problem: damaged } }))?.cure).toBe('open Messages')
})

test.each([
  ['readable', true, 'warning', /cannot tell.*this terminal can read it, but that says nothing/],
  ['EPERM', true, 'warning', /cannot tell.*cannot read it \(EPERM\)/],
  ['ENOENT', true, 'failed', /does not exist/],
  ['ENOENT', false, 'skipped', /not on this system/],
  ['readable', false, 'ok', /is readable/],
])('without an agent: %s for this terminal, a Mac: %s', (readByUs, isMac, state, seen) => {
  expect(permission('chat_db', DOWN, { readByUs, isMac })).toMatchObject({ state, seen: expect.stringMatching(seen) })
})

test.each<[Partial<AutomationProbe>, string, RegExp, RegExp]>([
  [
    { state: 'denied', errorNumber: -1743, said: 'Keine Berechtigung (-1743)' },
    'failed',
    /does not let .*\(-1743\)/,
    /Privacy_Automation/,
  ],
  [{ state: 'denied', errorNumber: -1744 }, 'failed', /cannot ask for it now \(-1744\)/, /at the screen/],
  [{ state: 'unanswered', errorNumber: -1712 }, 'failed', /did not answer .*\(-1712\)/, /Answer the prompt/],
  [{ state: 'unanswered' }, 'failed', /a prompt is waiting/, /Answer the prompt/],
  [{ state: 'unclear', errorNumber: -600, said: 'Programm läuft nicht (-600)' }, 'failed', /\(-600\)/, /open -gj/],
  [{ state: 'unclear', said: 'something odd' }, 'failed', /something odd/, /Privacy_Automation/],
  [{}, 'ok', /may control/, /^$/],
])('Automation %j is %s', (automation, state, seen, cure) => {
  const check = permission('automation', running({ automation }))
  expect(check).toMatchObject({ state, seen: expect.stringMatching(seen) })
  expect(check?.cure ?? '').toMatch(cure)
})

test('an agent that does not know the question, or none at all, leaves it open', () => {
  const old: AgentFacts = { ...running({}), automation: { kind: 'untold', why: 'of an older version' } } as AgentFacts
  expect(permission('automation', old)).toMatchObject({ state: 'warning', seen: expect.stringContaining('older') })
  expect(permission('automation', DOWN)?.state).toBe('warning')
  expect(permission('automation', DOWN, { isMac: false })?.state).toBe('skipped')
})

const arrival = (agent: AgentFacts, pgrep = said('312\n')) =>
  judgeMessages({ agent, pgrep, isMac: true, now: NOW }).find(({ code }) => code === 'messages_arriving')

test('a deaf agent, a deaf Messages and a quiet day are told apart', () => {
  const behind = { highestRowid: 14, seenRowid: 10 }
  expect(arrival(running({ chatDb: behind, later: {} }))).toMatchObject({
    state: 'failed',
    seen: expect.stringMatching(/agent is 4 rows behind/),
  })
  expect(arrival(running({ automation: { enabledAccounts: 0 } }))?.seen).toMatch(
    /nothing arrives, because Messages is signed out/,
  )
  expect(arrival(running({}), ended(1))?.seen).toMatch(/nothing arrives, because Messages is not running/)
  expect(arrival(running({}))).toMatchObject({ state: 'ok', seen: expect.stringContaining('60 minutes ago') })
  const long = running({ chatDb: { newestIncomingMs: NOW - 20 * 24 * HOUR } })
  expect(arrival(long)).toMatchObject({ state: 'warning', seen: expect.stringContaining('20 days ago') })
  expect(arrival(DOWN)?.state).toBe('skipped')
})

test('an agent that catches up while it is looked at is not deaf', () => {
  const behind = { highestRowid: 14, seenRowid: 10 }
  expect(arrival(running({ chatDb: behind, later: { seenRowid: 14 } }))?.state).toBe('ok')
  // Rows keep coming, and it keeps reading them.
  expect(arrival(running({ chatDb: behind, later: { highestRowid: 20, seenRowid: 16 } }))?.state).toBe('ok')
})

test.each([
  [said('312\n'), 'ok'],
  [ended(1), 'failed'],
  [ended(3, 'sysmond service not found'), 'warning'],
  [MISSING, 'skipped'],
])('pgrep %j is %s', (pgrep, state) => {
  const [check] = judgeMessages({ agent: DOWN, pgrep, isMac: true, now: NOW })
  expect(check).toMatchObject({ code: 'messages_running', state })
})

test('Messages is signed out where no account is in use', () => {
  const signedIn = (automation: Partial<AutomationProbe>) =>
    judgeMessages({ agent: running({ automation }), pgrep: said('1'), isMac: true, now: NOW }).find(
      ({ code }) => code === 'messages_signed_in',
    )?.state
  expect(signedIn({})).toBe('ok')
  expect(signedIn({ enabledAccounts: 0 })).toBe('failed')
  expect(signedIn({ state: 'denied' })).toBe('skipped')
})

const NOT_LOADED = { job: { kind: 'not-loaded' }, hasService: false, version: '1.0.0' } as const

test('problems of the agent are shown with their remedies, in the group that they belong to', () => {
  const problem = (code: string, message: string) => ({ code, message, remedy: `mend ${code}`, sinceMs: NOW })
  const problems = [
    problem('automation_denied', 'nothing can be sent'),
    problem('backend_refuses', 'the backend refuses all messages: http_401 {"you wrote":"see you at eight"}'),
    problem('state_started_over', 'the state database was deleted'),
  ]
  expect(judgeAgent(running({ status: { problems } }), NOT_LOADED).slice(-3)).toMatchObject([
    { code: 'problem_automation_denied', group: 'permissions', state: 'failed', cure: 'mend automation_denied' },
    {
      code: 'problem_backend_refuses',
      group: 'backend',
      seen: '“the backend refuses all messages: http_401” (since 2026-02-14T00:00:00.000Z)',
    },
    { code: 'problem_state_started_over', group: 'state', state: 'warning' },
  ])
})

test('an agent that launchd did not start has other permissions than the service', () => {
  const byHand = running({ status: { agent: { ...STATUS.agent, label: undefined } } })
  expect(judgeAgent(byHand, { ...NOT_LOADED, hasService: true })[0]).toMatchObject({ state: 'warning' })
  expect(judgeAgent(byHand, NOT_LOADED)[0]).toMatchObject({ state: 'ok' })
  expect(judgeAgent(running({}), { ...NOT_LOADED, hasService: true, version: '1.1.0' })).toMatchObject([
    { code: 'agent_running', state: 'ok' },
    { code: 'agent_version', state: 'warning', cure: 'edge-agent restart' },
    { code: 'queue', state: 'ok' },
  ])
})

test('an agent that is down or silent is told; what waits for a person is a warning', () => {
  expect(judgeAgent(DOWN, NOT_LOADED)[0]?.state).toBe('warning')
  expect(judgeAgent({ kind: 'silent', said: 'no answer' }, NOT_LOADED)[0]?.state).toBe('failed')
  const full = running({ status: { messages: { dead: 2 }, bubbles: { parked: 1 } } })
  expect(judgeAgent(full, NOT_LOADED)[2]).toMatchObject({ code: 'queue', state: 'warning', cure: 'edge-agent queue' })
})

test.each([
  ['in_use', 'ok', 'stands ready'],
  ['off', 'ok', 'send.warm is "off"'],
  ['untried', 'ok', 'until a trial'],
  ['failed', 'warning', 'no job: it did not end'],
  ['fallen_back', 'warning', 'fell back'],
])('which way bubbles go, %s: %s', (state, verdict, words) => {
  const facts = running({ status: { sending: { state, reason: 'no job: it did not end' } } })
  const checks = judgeAgent(facts, { job: { kind: 'not-loaded' }, hasService: false, version: '1.0.0' })
  const check = checks.find(({ code }) => code === 'sending')
  expect(check).toMatchObject({ state: verdict })
  expect(check?.seen).toContain(words)
})
