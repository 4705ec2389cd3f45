/**
 * The mock backend as a process that can be killed, with the answers and the faults that the plan has for each message.
 *
 *     node backend.ts SEED PORT SECRET JOURNAL KIND
 *
 * Tells its parent the port and then what it notes in its journal; closes the agent's socket with any code that the
 * parent sends.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { MockBackendEvent } from '../../src/lab/mock-backend/event.ts'
import type { HttpFault } from '../../src/lab/mock-backend/faults.ts'
import { answerWith, reset, truncated } from '../../src/lab/mock-backend/http-faults.ts'
import type { ReceivedMessage } from '../../src/lab/mock-backend/read-message.ts'
import { afterAnswer, delay, drop, type ReflexEffect, twice } from '../../src/lab/mock-backend/reflex-faults.ts'
import { startMockBackend } from '../../src/lab/mock-backend/start-mock-backend.ts'
import { fromIdempotencyKey } from '../../src/protocol/wire.ts'
import { BACKEND_KINDS, type BackendKind } from './backend-kinds.ts'
import { openJournal } from './journal.ts'
import { numberOf, type PlannedMessage, type PostTrouble, planMessage, type ReflexTrouble } from './plan-message.ts'

const main = async ([seed = '', port = '', secret = '', journalPath = '', kind = '']: string[]): Promise<void> => {
  const journal = openJournal(journalPath, type => process.send?.(type))
  const postsOf = new Map<number, number>()
  const planOf = ({ key = '' }: Pick<ReceivedMessage, 'key'>): PlannedMessage => {
    const n = numberOf(fromIdempotencyKey(key))
    if (n === undefined) throw new Error(`a POST of a message that nobody wrote: ${key}`)
    return planMessage(Number(seed), n, kind as BackendKind)
  }

  const onEvent = (event: MockBackendEvent): void => {
    if (event.type === 'connected') journal.note({ type: 'connected', total: event.total })
    if (event.type === 'disconnected') journal.note({ type: 'disconnected' })
    if (event.type === 'reflex-sent') {
      const { n } = planOf({ key: event.key })
      journal.note({ type: 'reflex', n, commandId: event.command_id })
    }
    if (event.type === 'ack') {
      journal.note({ type: 'ack', commandId: event.ack.command_id, status: event.ack.status })
    }
    // A backend of the first description reads no acks; the journal does.
    if (event.type === 'frame') noteAck(event.text)
    if (event.type !== 'posted') return
    const { n, posts } = planOf(event.message)
    journal.note({ type: 'posted', n })
    const count = postsOf.get(n) ?? 0
    postsOf.set(n, count + 1)
    const trouble = posts[count]
    // The mock backend asks for the fault of this POST before anything else happens.
    if (trouble !== undefined) backend.faults.http.push({ thread_id: event.message.thread_id, ...POST_FAULTS[trouble] })
  }

  const noteAck = (text: string): void => {
    const { type, data } = JSON.parse(text)
    if (type === 'command_ack') journal.note({ type: 'ack', commandId: data.command_id, status: data.status })
  }

  const backend = await startMockBackend({
    ...BACKEND_KINDS[kind as BackendKind],
    port: Number(port),
    secret,
    onEvent,
    reflex: message => {
      const { hasReflex, bubbles, reflex } = planOf(message)
      if (hasReflex && reflex !== undefined) {
        backend.faults.reflex.push({ thread_id: message.thread_id, effect: reflexEffect(reflex) })
      }
      return hasReflex ? bubbles[0] : undefined
    },
    replies: async message => {
      const { n, thinkMs, isSilent, ...plan } = planOf(message)
      await sleep(thinkMs)
      const bubbles = isSilent ? [] : plan.bubbles
      journal.note({ type: 'answer', n, bubbles })
      return { should_respond: bubbles.length > 0, reply_bubbles: [...bubbles] }
    },
  })
  process.on('message', code => {
    if (code === 1006) backend.faults.socket.terminate()
    else backend.faults.socket.close(Number(code))
  })
  // Whoever started it is gone: nobody else would end it.
  process.on('disconnect', () => process.exit())
  process.send?.(backend.port)
}

const POST_FAULTS: Readonly<Record<PostTrouble, HttpFault>> = {
  late: { delayMs: 1_500 },
  'refused-500': { effect: answerWith(500) },
  'refused-503': { effect: answerWith(503, '', { 'retry-after': '1' }) },
  'refused-429': { effect: answerWith(429, '', { 'retry-after': '1' }) },
  'reset-before': { effect: reset },
  'reset-after': { effect: reset, when: 'after' },
  truncated: { effect: truncated, when: 'after' },
  html: { effect: answerWith(200, '<html>'), when: 'after' },
}

const reflexEffect = (trouble: ReflexTrouble): ReflexEffect => {
  switch (trouble.kind) {
    case 'dropped':
      return drop
    case 'late':
      return delay(trouble.ms)
    case 'after-answer':
      return afterAnswer(trouble.ms)
    case 'twice':
      return twice
  }
}

await main(process.argv.slice(2))
