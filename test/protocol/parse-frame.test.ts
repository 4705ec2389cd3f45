import { expect, test } from 'vitest'
import { parseFrame } from '../../src/protocol/parse-frame.ts'

const PAYLOAD = { thread_id: '+15622924139', text: 'okie lemme see' }
const COMMAND = { command_id: 'c1', command_type: 'send_message_now', payload: PAYLOAD }

const parse = (data: unknown) => parseFrame(JSON.stringify({ type: 'command', data }))

test.each([
  [
    'as the first description of the protocol has it',
    { priority: 'immediate', timestamp: '2025-11-17T20:00:00.123456' },
  ],
  ['without what is not needed', {}],
  ['with nulls for what is not needed', { priority: null, timestamp: null }],
  ['with a priority that is none', { priority: 1 }],
  ['with fields of a newer backend', { color: 'blue', payload: { ...PAYLOAD, font: 'bold' } }],
])('a command %s is carried out', (_, fields) => {
  expect(parse({ ...COMMAND, ...fields })).toMatchObject({ kind: 'command', send: PAYLOAD })
})

test.each([
  ['another type', { command_type: 'dance' }, 'unsupported_command_type'],
  ['no type', { command_type: undefined }, 'unsupported_command_type'],
  ['a type that is no text', { command_type: 7 }, 'unsupported_command_type'],
  ['no payload', { payload: undefined }, 'invalid_payload'],
  ['no thread', { payload: { text: 'hi' } }, 'invalid_payload'],
  ['a text that is none', { payload: { ...PAYLOAD, text: ['hi'] } }, 'invalid_payload'],
  ['a text beyond the limit', { payload: { ...PAYLOAD, text: 'x'.repeat(80_001) } }, 'text_too_long'],
])('a command with %s can be acked as failed', (_, fields, error) => {
  expect(parse({ ...COMMAND, ...fields })).toMatchObject({ kind: 'bad-command', command: { command_id: 'c1' }, error })
})

test.each([
  ['no id', undefined],
  ['an empty id', ''],
  ['a number for its id', 5],
])('a command with %s is noise: there is nothing to ack it by', (_, command_id) => {
  expect(parse({ ...COMMAND, command_id })).toMatchObject({ kind: 'noise' })
})

test.each([
  ['beyond the limit', 'c'.repeat(257)],
  ['that SQLite would not give back as it was', 'c\ud800'],
])('a command with an id %s can be acked as failed, and is not kept', (_, command_id) => {
  expect(parse({ ...COMMAND, command_id })).toMatchObject({ kind: 'bad-id', commandId: command_id })
})

test('what a misfit held is not repeated in its detail, which goes into the log', () => {
  const { detail } = parse({ ...COMMAND, payload: { thread_id: 5, text: { secret: 'hush' } } }) as { detail: string }
  expect(detail).toBe(
    'thread_id: Invalid input: expected string, received number; text: Invalid input: expected string, received object',
  )
})

test.each([
  '',
  'null',
  '[]',
  '"command"',
  '{"data":{}}',
  '{"type":"hello"}',
  '{"type":"command"}',
  '{"type":"command"',
])('the frame %s is noise', text => {
  expect(parseFrame(text)).toMatchObject({ kind: 'noise' })
})

test.each(['ping', 'pong'])('a %s needs no data', type => {
  expect(parseFrame(JSON.stringify({ type }))).toEqual({ kind: type })
})
