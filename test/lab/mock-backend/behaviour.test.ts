import { expect, test, vi } from 'vitest'
import { createBehaviour } from '../../../src/lab/mock-backend/behaviour.ts'
import type { ReceivedMessage } from '../../../src/lab/mock-backend/read-message.ts'
import { createReplyCommand, splitWords } from '../../../src/lab/mock-backend/reply-command.ts'

const message = (text: string): ReceivedMessage => ({
  thread_id: 'a@b.c',
  sender: 'a@b.c',
  filtered_text: text,
  agentId: 'edge_1',
  key: '"k"',
  body: '',
})

const node = (program: string): readonly [string, ...string[]] => [process.execPath, '-e', program]

const ask = (program: string, { text = 'hi', timeoutMs = 60_000, log = (_: string) => {} } = {}) => {
  const stop = new AbortController()
  const command = createReplyCommand({ words: node(program), timeoutMs, log, stop: stop.signal })
  return { answer: command(message(text), 'hm'), stop }
}

test('canned bubbles and the reflex have the text filled in, whatever stands in it', async () => {
  const { reflex, replies } = createBehaviour({ reflex: 'hm: {text}', bubbles: ['{text}!', 'two {1}'] })
  expect([reflex(message('$& costs')), await replies(message('$& costs'))]).toEqual([
    'hm: $& costs',
    ['$& costs!', 'two {1}'],
  ])
})

test('an empty reflex is none; an echo is the text', async () => {
  const { reflex, replies } = createBehaviour({ reflex: '', replies: 'echo' })
  expect([reflex(message('hi')), await replies(message('hi'))]).toEqual([undefined, ['hi']])
})

test('of a table the first row that matches answers, with its groups; where none does, the usual bubbles', async () => {
  const { reflex, replies } = createBehaviour({
    reflex: 'usual',
    bubbles: ['other'],
    table: [
      { match: 'remind me to (.+)', flags: 'i', reflex: 'noted', bubbles: ['I will: {1}'] },
      { match: 'remind', flags: '', bubbles: ['of what?'] },
    ],
  })
  const said = async (text: string) => [reflex(message(text)), await replies(message(text))]
  expect(await said('Remind me to $1 call')).toEqual(['noted', ['I will: $1 call']])
  expect(await said('remind')).toEqual(['usual', ['of what?']])
  expect(await said('Remind')).toEqual(['usual', ['other']])
})

test('a change counts from the next message on; replies by a command need one', () => {
  const behaviour = createBehaviour({ thinkMs: 5 })
  behaviour.change({ thinkMs: 7, reflex: undefined })
  expect(behaviour.settings()).toMatchObject({
    thinkMs: 7,
    reflex: 'okie lemme see',
    replies: 'canned',
    hasCommand: false,
  })
  expect(() => behaviour.change({ replies: 'command' })).toThrow(/no reply command/)
})

test('a reply command is given the message as JSON and prints bubbles, one per line', async () => {
  const program = `let text = ''; process.stdin.on('data', chunk => text += chunk).on('end', () => {
    const { agent_id, thread_id, sender, text: words, key, reflex } = JSON.parse(text)
    console.log([agent_id, thread_id, sender, words, key, reflex].join(' ') + '\\n\\nbye')
  })`
  expect(await ask(program, { text: '$(id) `x`' }).answer).toEqual(['edge_1 a@b.c a@b.c $(id) `x` "k" hm', 'bye'])
})

test.each([
  ['a list', `'["one\\\\ntwo", "three"]'`, ['one\ntwo', 'three']],
  ['a whole answer', `'{"should_respond": false}'`, { should_respond: false }],
  ['nothing', `''`, []],
  ['JSON that is no answer', `'{"hello": 1}'`, ['{"hello": 1}']],
])('a reply command may print %s', async (_, printed, expected) => {
  expect(await ask(`console.log(${printed})`).answer).toEqual(expected)
})

test('what a reply command writes to standard error is logged, and so is how it failed', async () => {
  const lines: string[] = []
  const { answer } = ask(`console.error('no model'); process.exitCode = 3`, { log: line => lines.push(line) })
  await expect(answer).rejects.toThrow(/ended with exit code 3/)
  expect(lines).toEqual(['[Reply command] no model', expect.stringMatching(/^\[Reply command\] .*exit code 3/)])
})

test('a reply command that takes too long is ended, with all that it started', async () => {
  const child = `require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], {stdio: 'inherit'})`
  await expect(ask(`${child}; setInterval(() => {}, 1e6)`, { timeoutMs: 500 }).answer).rejects.toThrow(
    /longer than 500 ms/,
  )
})

test('a reply command that does not exist is named; one that does not read is none the worse', async () => {
  const stop = new AbortController().signal
  const command = createReplyCommand({ words: ['/no/such/program'], timeoutMs: 1000, log: vi.fn(), stop })
  await expect(command(message('hi'), undefined)).rejects.toThrow(/\/no\/such\/program cannot be started/)
  expect(await ask(`process.stdin.destroy(); console.log('hi')`, { text: 'a'.repeat(500_000) }).answer).toEqual(['hi'])
})

test('the end of the backend ends a reply command', async () => {
  const { answer, stop } = ask('setInterval(() => {}, 1e6)')
  stop.abort()
  await expect(answer).rejects.toThrow()
})

test.each([
  ['python3 my-model.py', ['python3', 'my-model.py']],
  [`sh -c 'echo "a b"; echo $HOME'`, ['sh', '-c', 'echo "a b"; echo $HOME']],
  [`"/My Programs/x" --say="a 'b'" ''`, ['/My Programs/x', `--say=a 'b'`, '']],
])('the words of %s', (line, words) => expect(splitWords(line)).toEqual(words))

test.each([[''], ['  '], [`say 'hi`]])('%j is no command', line =>
  expect(() => splitWords(line)).toThrow(/reply command/),
)
