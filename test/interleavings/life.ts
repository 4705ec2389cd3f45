import type { SendEnd } from '../../src/core/judge-send.ts'
import { createProblems } from '../../src/core/problems.ts'
import { type AnswerNeeds, createAnswering, type PostResult } from '../../src/flows/answer-message.ts'
import { type ConfirmNeeds, confirmSent } from '../../src/flows/confirm-sent.ts'
import { createDelivery, type DeliveryNeeds } from '../../src/flows/deliver-bubble.ts'
import { createCommandEnd } from '../../src/flows/end-command.ts'
import { type CommandNeeds, executeCommand } from '../../src/flows/execute-command.ts'
import { createEditWatch } from '../../src/flows/notice-edits.ts'
import { createPump } from '../../src/flows/pump.ts'
import { receiveBatch } from '../../src/flows/receive-batch.ts'
import type { InboxMessage } from '../../src/store/inbox.ts'
import type { createStore } from '../../src/store/open-store.ts'
import { type Scenario, SETTLE_MS } from './scenario.ts'
import { chatDbOf, messageOf, output, type Sending, type World } from './world.ts'

export type Store = ReturnType<typeof createStore>

/** Other needs for the flows: to see that something is missed when it is taken out, or to resume a life. */
export type Tamper = {
  readonly answering?: (needs: AnswerNeeds) => AnswerNeeds
  readonly command?: (needs: CommandNeeds) => CommandNeeds
  readonly delivery?: (needs: DeliveryNeeds) => DeliveryNeeds
  readonly confirming?: (needs: ConfirmNeeds) => ConfirmNeeds
}

export type Life = ReturnType<typeof createLife>

/** One life of the agent: the real flows on the real store, put together as agent.ts does it, the world at their edges. */
export const createLife = (world: World, store: Store, scenario: Scenario, tamper: Tamper = {}) => {
  const { inbox, outbox, commands, schedules, cursor, counters, transaction } = store
  const now = () => world.now
  const chatDb = chatDbOf(world)
  const problems = createProblems(now)
  /** What the world has to end: POSTs by their message, sends and waits for those of earlier lives by their attempt. */
  const posts = new Map<number, { readonly depart: () => void; readonly end: (result: PostResult) => void }>()
  const sends = new Map<string, (end: SendEnd) => void>()
  const waits = new Map<string, (pids: number[]) => void>()

  // chat.db → inbox
  const receive = (): void => {
    const { queued } = receiveBatch(chatDb, {
      rules: { maxAgeMs: WINDOW_MS, filter: () => ({ action: 'forward', rule: 'default', steps: [] }) },
      now,
      commitMs: world.now,
      attended: true,
      hash: text => text,
      transaction,
      cursor,
      inbox,
      outbox,
      compose: message => ({ body: JSON.stringify(message), redacted: {} }),
      count: counters.count,
    })
    if (queued > 0) answering.wake()
    settling.wake()
  }

  const edits = createEditWatch({
    chatDb: () => chatDb,
    rules: { maxAgeMs: WINDOW_MS, filter: () => ({ action: 'forward', rule: 'default', steps: [] }) },
    now,
    steadyNow: now,
    hash: text => text,
    transaction,
    inbox,
    outbox,
    commands,
    compose: message => ({ body: JSON.stringify(message), redacted: {} }),
    onEnd: (...end) => onEnd(...end),
    log: SILENT,
  })

  // inbox → backend → bubbles
  const records = new Map<string, InboxMessage>()
  const answeringNeeds: AnswerNeeds = {
    inbox,
    commands,
    outbox,
    transaction,
    lookAgain: edits.lookAgain,
    post: ({ key, onSent }) =>
      new Promise(end => {
        const message = messageOf(key)
        posts.set(message, { depart: onSent, end })
        const known = world.posts.find(post => post.message === message)
        if (known?.heard) onSent()
        const record = records.get(key)
        if (known === undefined && record !== undefined) world.posts.push({ message, record, heard: false })
      }),
    deliver: threadId => delivery.wake(threadId),
    now,
    backoff: () => BACKOFF_MS,
    random: () => 0,
    settings: { concurrency: 16, maxAgeMs: WINDOW_MS, ...MATCHING, maxLength: 20_000, maxWaiting: 1_000 },
    count: counters.count,
    problems,
    log: SILENT,
    onPosting: message => records.set(message.guid, message),
  }
  const answering = createAnswering(tamper.answering?.(answeringNeeds) ?? answeringNeeds)

  // backend → command → bubble → outcome
  const commandNeeds: CommandNeeds = {
    transaction,
    commands,
    inbox,
    outbox,
    refuse: () => undefined,
    scheduling: {
      schedules,
      cancelBubble: outbox.cancel,
      refuse: () => undefined,
      isGroup: () => undefined,
      clock: now,
      limits: { maxLateMs: WINDOW_MS, maxAheadMs: WINDOW_MS, maxWaiting: 0 },
      onChange: () => {},
    },
    mayKeepRefusal: () => true,
    heldBy: () => undefined,
    hash: text => text,
    now,
    settings: MATCHING,
    claim: threadId => delivery.claim(threadId),
    ackNow: () => {},
    ackHeld: () => {},
    sendAcks: () => {},
    sendAckAgain: () => {},
    sendPong: () => {},
    count: counters.count,
    log: SILENT,
  }
  const obey = (frame: string): void => executeCommand(frame, tamper.command?.(commandNeeds) ?? commandNeeds)

  // bubble → Messages
  const onEnd = createCommandEnd(commands)
  let bubble: Sending | undefined
  const deliveryNeeds: DeliveryNeeds = {
    transaction,
    outbox,
    sender: {
      send: (attempt, _target, text, onStarted) =>
        new Promise(end => {
          sends.set(attempt, end)
          onStarted()
          if (bubble === undefined || world.processes.some(process => process.attempt === attempt)) return
          world.files[attempt] = output(['resolve'])
          const thread = bubble.threadId
          world.processes.push({ attempt, pid: world.attempts, thread, text, shown: false, bubble, leftover: false })
        }),
      wasPrepared: attempt => attempt in world.files,
      evidence: attempt => world.files[attempt] ?? '',
      forget: attempt => {
        delete world.files[attempt]
      },
      running: attempt => {
        if (!world.processes.some(process => process.attempt === attempt)) return Promise.resolve([])
        return new Promise(end => waits.set(attempt, end))
      },
      kill: pid => {
        world.processes = world.processes.filter(process => process.pid !== pid)
      },
    },
    chatOf: cursor.chatOf,
    watermark: chatDb.highestRowid,
    newAttempt: () => {
      world.attempts += 1
      return `attempt-${world.attempts}`
    },
    now,
    settings: { timeoutMs: 0, maxTries: scenario.maxTries },
    roomAt: () => 0,
    holdOf: () => undefined,
    wallNow: now,
    onEnd,
    onSent: () => settling.wake(),
    onStarted: started => {
      bubble = started
    },
    problems,
    log: SILENT,
  }
  const delivery = createDelivery(tamper.delivery?.(deliveryNeeds) ?? deliveryNeeds)

  // Messages → chat.db → confirmed
  const confirmNeeds: ConfirmNeeds = {
    transaction,
    outbox,
    now,
    settings: { settleMs: SETTLE_MS, unknown: scenario.unknown },
    onEnd,
    log: SILENT,
  }
  const settling = createPump(() => {
    const nextMs = confirmSent(chatDb, tamper.confirming?.(confirmNeeds) ?? confirmNeeds)
    delivery.wake()
    return nextMs
  }, fail)

  return {
    recover: (): void => {
      answering.recover()
      delivery.recover()
    },
    wake: (): void => {
      answering.wake()
      delivery.wake()
      settling.wake()
    },
    receive,
    obey,
    posts,
    sends,
    waits,
    delivery,
    problems,
  }
}

/** Nothing that is explored takes this long. */
const WINDOW_MS = 10 * 60_000
const BACKOFF_MS = 1_000
const MATCHING = { match: 'text', windowMs: WINDOW_MS } as const

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Here nothing may go wrong unseen. */
const fail = (error: unknown): never => {
  throw error
}
