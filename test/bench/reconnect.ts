import { EventEmitter, once } from 'node:events'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openChatDbWriter } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import type { MockBackendEvent } from '../../src/lab/mock-backend/event.ts'
import { startMockBackend } from '../../src/lab/mock-backend/start-mock-backend.ts'
import { clock } from './clock.ts'
import type { Figure, Row } from './figure.ts'
import { inFolder } from './in-folder.ts'
import { AGENT_ID, startAgent } from './start-agent.ts'
import { summarize } from './statistics.ts'

/** From the loss of the connection, or of the agent itself, to being there again. Takes about five minutes. */
export const reconnect = (): Promise<Figure> =>
  inFolder(async dir => {
    const writer = openChatDbWriter(join(dir, 'chat.db'))
    const events = new EventEmitter<Record<MockBackendEvent['type'], [MockBackendEvent]>>()
    const backend = await startMockBackend({ onEvent: event => events.emit(event.type, event) })
    const next = async (type: MockBackendEvent['type']): Promise<number> => {
      const [{ at }] = await once(events, type, { signal: AbortSignal.timeout(PATIENCE_MS) })
      return at
    }
    const start = () => startAgent({ backend: { url: backend.url, connectionOf: () => next('connected') }, dir })
    let agent = await start()

    const afterLoss = async (lose: () => void): Promise<number> => {
      // A connection that did not last is followed by longer waits.
      await sleep(STABLE_MS)
      const connected = next('connected')
      const lostAt = clock()
      lose()
      return (await connected) - lostAt
    }
    const close = () => afterLoss(() => backend.faults.socket.close(1012, 'restart', AGENT_ID))
    const reset = () =>
      afterLoss(() => {
        const tcp = backend.connections.get(AGENT_ID)?.tcp
        if (tcp instanceof Socket) tcp.resetAndDestroy()
      })
    const goSilent = () => afterLoss(() => backend.faults.socket.freeze(AGENT_ID))

    const freeze = async (): Promise<number> => {
      process.kill(agent.pid, 'SIGSTOP')
      const acked = next('ack')
      backend.sendCommand(AGENT_ID, { command_type: 'send_message_now', payload: { thread_id: 'nobody', text: 'hi' } })
      await sleep(FREEZE_MS)
      const thawedAt = clock()
      process.kill(agent.pid, 'SIGCONT')
      return (await acked) - thawedAt
    }

    let written = 0
    const kill = async (type: 'connected' | 'posted'): Promise<number> => {
      await agent.kill()
      written += 1
      await writer.writeIncoming({ chat: `any;-;${PERSON}`, from: PERSON, text: `message ${written}` })
      const back = next(type)
      const startedAt = clock()
      agent = await start()
      return (await back) - startedAt
    }

    const rows = [
      await measure('the backend closes with 1012', 8, close, { atMost: 1_000, words: 'about 1 s' }),
      await measure('reset', 8, reset),
      await measure('half-open: silence without an end', 5, goSilent, { atMost: 16_000, words: 'dead within 15 s' }),
      await measure(`frozen for ${FREEZE_MS / 1000} s: to the ack of a command`, 6, freeze),
      await measure('kill -9: start to connection', 10, () => kill('connected')),
      await measure('kill -9: start to first POST', 10, () => kill('posted')),
    ]
    await agent.stop()
    await backend.close()
    writer.close()
    return { title: 'loss to being there again', unit: 'ms', rows }
  })

const PERSON = '+15625550199'
const STABLE_MS = 10_500
const FREEZE_MS = 5_000
const PATIENCE_MS = 60_000

const measure = async (
  what: string,
  count: number,
  sample: () => Promise<number>,
  goal?: NonNullable<Row['goal']>,
): Promise<Row> => {
  const samples: number[] = []
  for (let n = 0; n < count; n += 1) samples.push(await sample())
  return { what, kind: 'agent', ...summarize(samples), ...(goal && { goal }) }
}
