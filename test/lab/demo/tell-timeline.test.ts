import { expect, test } from 'vitest'
import type { Observation } from '../../../src/lab/demo/observation.ts'
import { readAgentLine, readBackendLine, readListening, readSimulatorLine } from '../../../src/lab/demo/observation.ts'
import type { Scene } from '../../../src/lab/demo/scenes.ts'
import { tellConversation, tellTimeline } from '../../../src/lab/demo/tell-timeline.ts'

const SCENE: Scene = {
  name: 'websocket',
  title: 'a scene',
  asks: 'hello?',
  reflex: 'hm',
  replies: ['hi'],
  hasWebSocket: true,
  isKilled: false,
}
const KEY = '"guid"'
const REFLEX_FIRST: readonly Observation[] = [
  { what: 'committed', at: 1000.9 },
  { what: 'posted', at: 1012.2, key: KEY },
  { what: 'reflex-out', at: 1013.95 },
  { what: 'reflex-in', at: 1013 }, // the agent's clock is cut to milliseconds
  { what: 'sent', at: 1090.1, text: 'hm' },
  { what: 'answer-in', at: 2515, rule: 'A1' },
  { what: 'sent', at: 2600.7, text: 'hi' },
]

test('a time line counts from the commit, in the order of cause and effect, whatever order the lines came in', () => {
  const told = tellTimeline(SCENE, REFLEX_FIRST.toReversed())
  expect(told.map(({ ms, seenBy, moment }) => [ms, seenBy, moment])).toEqual([
    [0, 'chat.db', 'committed'],
    [12, 'backend', 'posted'],
    [13, 'backend', 'reflex-out'],
    [13, 'agent', 'reflex-in'],
    [90, 'Messages', 'sent'],
    [1515, 'agent', 'answer-in'],
    [1515, 'agent', 'first-bubble-skipped'],
    [1600, 'Messages', 'sent'],
  ])
})

test('a reflex does not leave after it has arrived, however late the backend looks at its clock', () => {
  const late = REFLEX_FIRST.map(seen => (seen.what === 'reflex-out' ? { ...seen, at: 1017.3 } : seen))
  const told = tellTimeline(SCENE, late)
  expect(told.slice(2, 4).map(({ ms, moment }) => [ms, moment])).toEqual([
    [13, 'reflex-out'],
    [13, 'reflex-in'],
  ])
})

test('the first bubble is skipped only where the agent says so', () => {
  const seen: readonly Observation[] = [
    { what: 'committed', at: 0 },
    { what: 'answer-in', at: 5, rule: 'A3' },
  ]
  expect(tellTimeline(SCENE, seen).map(({ moment }) => moment)).toEqual(['committed', 'answer-in'])
})

test('a repeated POST says whether its key is the same', () => {
  const labels = (key: string | undefined) =>
    tellTimeline(SCENE, [...REFLEX_FIRST.slice(0, 2), { what: 'posted', at: 3000, key }]).at(-1)?.label
  expect(labels(KEY)).toBe('the POST arrives again, with the same key')
  expect(labels('"other"')).toBe('the POST arrives again, with ANOTHER key')
  expect(labels(undefined)).toBe('the POST arrives again, with ANOTHER key')
})

test('a text that the backend never said is called that', () => {
  const seen: readonly Observation[] = [...REFLEX_FIRST, { what: 'sent', at: 2700, text: 'who is this?' }]
  expect(tellTimeline(SCENE, seen).at(-1)?.label).toBe('a text is sent that is not from the backend')
})

test('the conversation is what the person wrote and got', () => {
  expect(tellConversation(SCENE, REFLEX_FIRST)).toEqual([
    { from: 'person', text: 'hello?', ms: 0 },
    { from: 'assistant', text: 'hm', ms: 90 },
    { from: 'assistant', text: 'hi', ms: 1600 },
  ])
})

test('without a commit there is nothing to count from', () => {
  expect(tellTimeline(SCENE, REFLEX_FIRST.slice(1))).toEqual([])
  expect(tellConversation(SCENE, REFLEX_FIRST.slice(1))).toEqual([])
})

test.each([
  [readSimulatorLine, '{"event":"committed","guid":"G","at":1.5,"thread":"+1"}', { what: 'committed', at: 1.5 }],
  [readSimulatorLine, '{"event":"sent","guid":"G","at":2,"text":"hm"}', { what: 'sent', at: 2, text: 'hm' }],
  [readSimulatorLine, '{"chatDb":"chat.db","osascript":"osascript","ledger":"ledger"}', undefined],
  [readBackendLine, '{"type":"posted","at":3,"message":{"key":"\\"G\\""}}', { what: 'posted', at: 3, key: '"G"' }],
  [readBackendLine, '{"type":"posted","at":3,"message":{}}', { what: 'posted', at: 3, key: undefined }],
  [readBackendLine, '{"type":"reflex-sent","at":4,"text":"hm"}', { what: 'reflex-out', at: 4 }],
  [readBackendLine, '{"type":"reflex-not-sent","at":4,"reason":"no-connection"}', { what: 'no-websocket', at: 4 }],
  [
    readAgentLine,
    '{"time":"1970-01-01T00:00:00.005Z","reflex":true,"rule":"R5","msg":"command accepted"}',
    { what: 'reflex-in', at: 5 },
  ],
  [readAgentLine, '{"time":"1970-01-01T00:00:00.005Z","reflex":false,"msg":"command accepted"}', undefined],
  [
    readAgentLine,
    '{"time":"1970-01-01T00:00:00.006Z","rule":"A1","msg":"message answered"}',
    { what: 'answer-in', at: 6, rule: 'A1' },
  ],
  [readAgentLine, '(node:1) Warning: not JSON', undefined],
  [readListening, '{"type":"listening","url":"http://127.0.0.1:1"}', 'http://127.0.0.1:1'],
  [readListening, '{"type":"connected"}', undefined],
])('%o reads %s', (read, line, seen) => {
  expect(read(line)).toEqual(seen)
})
