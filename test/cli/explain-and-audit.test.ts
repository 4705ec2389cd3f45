import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { AuditSummary } from '../../src/agent/core/sum-up-audit.ts'
import { answerWith } from '../../src/lab/mock-backend/http-faults.ts'
import { ANNA, BERT } from '../support/conversation.ts'
import { AGENT_ID, type House, MAIN, startHouse, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, settled, twoBubbles } from '../support/two-bubbles.ts'

let house: House
afterEach(() => house?.close())

/** Not spawnSync: the mock backend lives in this process. */
const edgeAgent = async (...args: string[]) => {
  const env = { ...process.env, HOME: house.dir, NO_COLOR: '1' }
  const child = spawn(process.execPath, [MAIN, ...args, '--state-dir', house.stateDir], { env })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', chunk => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', chunk => {
    stderr += chunk
  })
  const code = await new Promise(resolve => child.once('close', resolve))
  return { code, stdout, stderr }
}
const audit = async (): Promise<AuditSummary> => JSON.parse((await edgeAgent('audit', '--json')).stdout)

const SECRET_WORDS = ['nightingale', 'kingfisher', 'goldcrest', 'bullfinch']
const noWords = (text: string) => SECRET_WORDS.filter(word => text.includes(word))

test('a careful person learns from explain and audit what became of each message, and no word of it', async () => {
  house = await startHouse({ backend: twoBubbles, env: { EDGE_FORWARD_DENY: '+15550001234' } })
  await house.startConnected()
  house.backend.faults.http.push({
    effect: answerWith(503, 'you wrote nightingale', { 'retry-after': '1' }),
    thread_id: ANNA,
  })
  house.backend.faults.http.push({ effect: answerWith(422, 'I do not like goldcrest'), thread_id: BERT })
  await house.simulator.receive({ from: ANNA, text: 'nightingale' })
  await sees(house, ANNA, bubblesTo('nightingale'))
  await house.simulator.receive({ from: '+15550001234', text: 'kingfisher' })
  const dead = await house.simulator.receive({ from: BERT, text: 'goldcrest' })
  const own = await house.simulator.writeOutgoing({ chat: `any;-;${ANNA}`, text: 'bullfinch' })
  const payload = { thread_id: '+15559990000', text: 'bullfinch' }
  for (const times of [1, 2]) {
    house.backend.sendCommand(AGENT_ID, { command_id: 'stranger', command_type: 'send_message_now', payload })
    await waitFor('its ack', () => house.events.filter(({ type }) => type === 'ack').length >= 1 + times)
  }
  await waitFor('the dead letter', async () => (await house.status()).messages.dead === 1)
  await settled(house)

  const answered = await edgeAgent('explain', '--last', '--thread', '(562) 292-4139')
  expect(answered).toMatchObject({ code: 0, stderr: '' })
  expect(answered.stdout).toMatch(
    new RegExp(
      [
        /decision +to be forwarded, by rule "default": no rule of yours says otherwise/,
        /left this Mac +the fields thread_id, sender, filtered_text/,
        /now +answered with 2 bubbles; A1: the first bubble of the answer is this reflex/,
        /seen in chat.db/,
        /POST 1 starts, to http:\/\/127.0.0.1:\d+/,
        /POST 1 ended after [\d.]+ m?s: the backend failed \(status 503\) \[http_503\]; next POST after 1\.\d+ s, as the backend asked/,
        /POST 2 starts/,
        /a reflex comes from the backend; R5/,
        /the bubble of the reflex, \d+ characters: planned/,
        /try 1: handed to Messages/,
        /POST 2 ended after [\d.]+ m?s: the backend answered, with 2 bubbles/,
        /bound to the answer of this message by A1/,
        /bubble 2 of the answer, \d+ characters: planned/,
        /its row is in chat.db: it was sent/,
      ]
        .map(({ source }) => source)
        .join('(?:.|\\n)*'),
    ),
  )
  // Whatever belongs to it leads to it.
  const story = JSON.parse((await edgeAgent('explain', '--last', '--thread', ANNA, '--json')).stdout)
  for (const id of [story.commands[0].id, story.bubbles[1].id]) {
    expect(JSON.parse((await edgeAgent('explain', id, '--json')).stdout)).toEqual(story)
  }

  expect((await edgeAgent('explain', dead.guid)).stdout).toMatch(/dead letter: the backend did not accept its content/)
  expect(await edgeAgent('explain', own.guid)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /there is nothing to explain: .* was sent from this account; such messages are only counted, never forwarded/,
    ),
  })
  expect(await edgeAgent('explain', 'no-such-guid')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^edge-agent: no message, bubble or command has the id no-such-guid\n/),
  })
  const refused = await edgeAgent('explain', 'stranger')
  expect(refused.stdout).toMatch(
    /stranger, send_message_now; failed: nobody in its thread has written to this Mac \[unknown_thread\].*\n.*repeated +once/,
  )

  const summary = await audit()
  expect(summary.messages).toMatchObject({
    total: 3,
    left: { total: 2, byRule: [{ name: 'default', messages: 2, posts: 3 }], now: { answered: 1, dead: 1 } },
    kept: { total: 1, byReason: [{ name: 'denied', messages: 1 }] },
  })
  expect(summary.posts).toMatchObject({
    total: 3,
    withoutConnection: 0,
    notTold: 0,
    byOutcome: expect.arrayContaining(
      ['answered', 'http_503', 'http_422'].map(outcome => expect.objectContaining({ outcome, posts: 1 })),
    ),
  })
  expect(summary.destinations).toEqual([{ backend: new URL(house.backend.url).origin, posts: 3 }])
  expect(summary.payloads).toEqual([{ kind: 'minimal', fields: ['thread_id', 'sender', 'filtered_text'], messages: 2 }])
  expect(summary.bubbles).toMatchObject({ total: 2, sent: 2, threads: 1 })
  expect(summary.commands).toMatchObject({ total: 2, sent: 1, failed: 1, byError: [{ error: 'unknown_thread' }] })
  expect(summary.acks).toEqual({ delivered: 2, owed: 0, repeats: 1 })
  const listed = await edgeAgent('audit', '--list', '2')
  expect(listed.stdout).toMatch(/The last 2 of 3 messages\n.* kept +skipped +denied\n.* left +dead +default\n$/)

  const told = [answered, refused, listed, await edgeAgent('audit'), await edgeAgent('queue', '--json')]
  expect(
    noWords(
      told
        .map(({ stdout }) => stdout)
        .join('')
        .replace('I do not like goldcrest', ''),
    ),
  ).toEqual([])
  expect(noWords(house.log + JSON.stringify(await house.status()))).toEqual([])

  // Without an agent the database tells the same.
  await house.stopAgent()
  expect(JSON.parse((await edgeAgent('explain', story.message.guid, '--json')).stdout)).toEqual(story)
  const { from: _, to: __, ...stopped } = await audit()
  expect(stopped).toEqual({ ...summary, from: undefined, to: undefined })
})

test('what is held back, scheduled or unsent by its sender says so', async () => {
  house = await startHouse({ backend: { ...twoBubbles, thinkMs: 1_500 }, env: { EDGE_PAYLOAD: 'extended' } })
  await house.startConnected()
  await house.simulator.receive({ from: BERT, text: 'nightingale' })
  await sees(house, BERT, bubblesTo('nightingale'))
  expect((await edgeAgent('pause', BERT)).code).toBe(0)
  await house.simulator.receive({ from: BERT, text: 'goldcrest' })
  const { guid } = await house.simulator.receive({ from: ANNA, text: 'kingfisher' })
  await waitFor('the POST', () => house.backend.received.some(({ body }) => body.includes('kingfisher')))
  house.simulator.unsendMessage(guid)
  await waitFor('the answers', async () => (await house.status()).messages.answered === 4)

  const held = (await edgeAgent('explain', '--last', '--thread', BERT)).stdout
  expect(held).toMatch(/on hold +b\d+, b\d+: sending is paused \(edge-agent pause\) \[held_paused\]/)
  expect(held.match(/ b\d+ +on hold: sending is paused/g)).toHaveLength(2)
  expect((await edgeAgent('resume', BERT)).code).toBe(0)
  await sees(house, BERT, bubblesTo('nightingale', 'goldcrest'))
  const gone = (await edgeAgent('explain', '--last', '--thread', BERT)).stdout
  expect(gone).not.toMatch(/^on hold/m)
  expect(gone.match(/ b\d+ +on hold: sending is paused/g)).toHaveLength(2)

  const withdrawn = (await edgeAgent('explain', guid)).stdout
  expect(withdrawn).toMatch(/an event +message m\d+ reports that it was unsent by its sender \(answered\)/)
  expect(withdrawn).toMatch(/now +answered with 2 bubbles.*; its sender unsent it in the meantime/)
  expect(withdrawn).toMatch(/its sender unsent it\n(.*\n)*.*POST 1 ended after/)
  const event = (await edgeAgent('explain', `${guid}:unsent`)).stdout
  expect(event).toMatch(`reports to the backend that message ${guid} was unsent by its sender`)
  expect(event).toMatch(/decision +to be forwarded, by rule "unsent": its sender unsent/)

  const payload = { thread_id: BERT, message_text: 'bullfinch', send_at: Math.floor(Date.now() / 1_000) + 3_600 }
  house.backend.sendCommand(AGENT_ID, { command_id: 'later', command_type: 'schedule_message', payload })
  await waitFor('the schedule', async () => (await house.status()).scheduled['waiting'] === 1)
  const later = await edgeAgent('explain', 's1')
  expect(later.stdout).toMatch(/thread +bert@example.com\ncommand +later, schedule_message; received\n/)
  expect(later.stdout).toMatch(/scheduled +for \d{4}-.*, 9 characters; waiting for its time \(s1, "later"\)/)

  const summary = await audit()
  expect(summary.messages).toMatchObject({ total: 4, events: 1 })
  expect(summary.messages.left.byRule).toMatchObject([{ name: 'default' }, { name: 'unsent', messages: 1 }])
  expect(summary.posts).toMatchObject({ total: 4, notTold: 0, byOutcome: [{ outcome: 'answered', posts: 4 }] })
})

test('without an agent and a state there is nothing to tell, 3; a time that is none is a usage error, 64', async () => {
  house = await startHouse()
  expect((await edgeAgent('explain', '--last')).code).toBe(3)
  for (const since of ['7', 'yesterday', '2999-01-01', '-1d']) {
    expect([since, (await edgeAgent('audit', '--since', since)).code]).toEqual([since, 64])
  }
  expect((await edgeAgent('explain')).code).toBe(64)
  expect((await edgeAgent('explain', 'x', '--last')).code).toBe(64)
})

test('a backend that repeats what somebody wrote gets none of it into log and status', async () => {
  house = await startHouse({ backend: twoBubbles })
  house.backend.faults.http.push({ effect: answerWith(401, '{"error":"unauthorized","reason":"nightingale!"}') })
  await house.startConnected()
  await house.simulator.receive({ from: ANNA, text: 'nightingale' })
  const refusal = async () => (await house.status()).problems.find(({ code }) => code === 'backend_refuses')
  await waitFor('the problem', async () => (await refusal()) !== undefined)
  expect((await refusal())?.message).toBe('the backend refuses all messages: http_401 unauthorized')
  expect(noWords(house.log + JSON.stringify(await house.status()))).toEqual([])
})

test('after retention.text no file of the agent has the words any more, also where it was killed in between', async () => {
  house = await startHouse({ backend: twoBubbles, env: { EDGE_LOG_LEVEL: 'trace' } })
  const file = join(house.dir, 'clock-offset')
  const setClock = (offsetMs: number) => writeFileSync(file, String(offsetMs))
  const env = {
    STEPPED_CLOCK: file,
    NODE_OPTIONS: `--import=${new URL('../support/stepped-clock.ts', import.meta.url)}`,
  }
  const inFiles = (): string[] =>
    readdirSync(house.stateDir, { recursive: true, encoding: 'utf8' }).filter(name => {
      const path = join(house.stateDir, name)
      return statSync(path).isFile() && noWords(readFileSync(path).toString('latin1')).length > 0
    })
  setClock(0)
  await house.startConnected(env)
  await house.simulator.receive({ from: ANNA, text: `nightingale ${'é'.repeat(3000)}` })
  await house.simulator.receive({ from: BERT, text: 'kingfisher' })
  await waitFor('both answers', () => house.seen(ANNA).length + house.seen(BERT).length === 4)
  await settled(house)
  await house.killAgent()
  expect(inFiles().length).toBeGreaterThan(0)
  expect(readdirSync(join(house.stateDir, 'attempts'))).toEqual([])

  setClock(25 * 60 * 60_000)
  await house.startAgent(env)
  await waitFor('the removal', async () => {
    const { stdout } = await edgeAgent('explain', '--last')
    return stdout.includes('its text was removed')
  })
  await house.killAgent() // before or after the file was written anew
  await house.startAgent(env)
  await waitFor('no word to be left', () => inFiles().length === 0)
  const { stdout } = await edgeAgent('explain', '--last', '--thread', BERT)
  expect(stdout).toMatch(/length +10 characters/)
  expect(noWords(house.log)).toEqual([])
})
