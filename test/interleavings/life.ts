import type { SendEnd } from '../../src/agent/core/judge-send.ts'
import { createProblems } from '../../src/agent/core/problems.ts'
import { createEngine, type Edges, type Engine, type EngineSettings, type EngineStore } from '../../src/agent/engine.ts'
import type { PostResult } from '../../src/agent/flows/answer-message.ts'
import type { InboxMessage } from '../../src/agent/store/inbox.ts'
import type { createStore } from '../../src/agent/store/open-store.ts'
import type { Bubble } from '../../src/agent/store/outbox.ts'
import { type Scenario, START_MS, settingsOf } from './scenario.ts'
import type { Timers } from './timers.ts'
import { wrongToPost, wrongToSend } from './trespass.ts'
import { answeredIn, chatDbOf, messageOf, output, type World } from './world.ts'

export type Store = ReturnType<typeof createStore>

/**
 * What the engine is given in place of the store, the settings or the sender: to see that something is missed when it is
 * taken out, or to resume a life.
 */
export type Tamper = {
  readonly store?: (store: EngineStore) => EngineStore
  readonly settings?: (settings: EngineSettings) => EngineSettings
  readonly sender?: (sender: Sender) => Sender
  readonly timers?: (timers: Edges['timers']) => Edges['timers']
  /** An ack is taken for delivered as soon as it is written. */
  readonly trustsWrites?: true
  readonly newId?: () => string
  /** How far the agent's clocks are ahead of the world's. */
  readonly clockAheadMs?: () => number
}
type Sender = Edges['sender']

export type Life = {
  readonly engine: Engine
  readonly problems: ReturnType<typeof createProblems>
  /** What the world has to end: POSTs by their message, sends and waits for those of earlier lives by their attempt. */
  readonly posts: Map<number, { readonly depart: () => void; readonly end: (result: PostResult) => void }>
  readonly sends: Map<string, (end: SendEnd) => void>
  readonly waits: Map<string, (pids: number[]) => void>
  /** What is to be called when an ack has arrived, by its command. */
  readonly acks: Map<string, () => void>
  /** What is to be called when the ping is answered. */
  pong: (() => void) | undefined
  readonly openChatDb: () => void
  /** Looks at chat.db, as whoever follows it does after a change. */
  readonly look: () => void
  readonly connect: () => void
}

/** One life of the agent: the engine as it ships, on the real store, the world at its edges. */
export const createLife = (
  world: World,
  opened: Store,
  scenario: Scenario,
  timers: Timers,
  tamper: Tamper = {},
): Life => {
  const given: EngineStore = { ...opened, startedOver: undefined, firstStartMs: START_MS }
  const store = tamper.store?.(given) ?? given
  const settings = tamper.settings?.(settingsOf(scenario)) ?? settingsOf(scenario)
  const chatDb = chatDbOf(world)
  const problems = createProblems(() => world.now)
  const posts: Life['posts'] = new Map()
  const sends: Life['sends'] = new Map()
  const waits: Life['waits'] = new Map()
  const acks: Life['acks'] = new Map()
  /** What the engine has in hand when it calls an edge. */
  const records = new Map<string, InboxMessage>()
  const bubbles = new Map<string, Bubble>()
  const now = () => world.now + (tamper.clockAheadMs?.() ?? 0)

  const sender: Sender = {
    send: (attempt, _target, text, onStarted) =>
      new Promise(end => {
        sends.set(attempt, end)
        onStarted()
        const bubble = bubbles.get(attempt)
        if (bubble === undefined || world.processes.some(process => process.attempt === attempt)) return
        world.wrong ??= wrongToSend(world, scenario, bubble)
        const thread = bubble.threadId
        world.starts.push({ thread, atMs: world.now })
        world.files[attempt] = output(['resolve'])
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
    sweep: () => {},
  }

  const engine = createEngine({
    settings,
    store: {
      ...store,
      inbox: {
        ...store.inbox,
        startPost: (...of) => {
          const message = store.inbox.startPost(...of)
          records.set(message.guid, message)
          return message
        },
      },
      outbox: {
        ...store.outbox,
        startSending: (id, attempt, ...of) => {
          bubbles.set(attempt, store.outbox.byId(id))
          store.outbox.startSending(id, attempt, ...of)
        },
      },
    },
    commit: () => store.transaction,
    clock: { now, wall: now },
    timers: tamper.timers?.(timers.engine) ?? timers.engine,
    random: () => 1, // no wait is shortened by chance
    newId:
      tamper.newId ??
      (() => {
        world.attempts += 1
        return `attempt-${world.attempts}`
      }),
    commitMs: now,
    post: ({ key, onSent }) =>
      new Promise(end => {
        const message = messageOf(key)
        posts.set(message, { depart: onSent, end })
        const known = world.posts.find(post => post.message === message)
        if (known?.heard) onSent()
        const record = records.get(key)
        if (known !== undefined || record === undefined) return
        world.wrong ??= wrongToPost(world, message, record)
        world.posts.push({ message, record, heard: false })
      }),
    sender: tamper.sender?.(sender) ?? sender,
    probeAutomation: () => Promise.resolve({ state: 'granted', tookMs: 0 }),
    probeChatDb: () => ({ readable: true }),
    problems,
    log: SILENT,
    frameLog: SILENT,
    latencies: { commitToPost: UNTIMED, frameToOsascript: UNTIMED, postToAnswer: UNTIMED },
  })

  const hear = (frame: string, onDelivered: (() => void) | undefined): void => {
    const { command_id: id, status } = JSON.parse(frame).data
    if (onDelivered === undefined || status === 'received') return // of no consequence, here or there
    if (tamper.trustsWrites) onDelivered()
    else acks.set(id, onDelivered)
    world.acks = [...world.acks.filter(ack => ack.id !== id), { id, status }]
  }
  const life: Life = {
    engine,
    problems,
    posts,
    sends,
    waits,
    acks,
    pong: undefined,
    openChatDb: () => engine.useChatDb(chatDb),
    look: () => {
      engine.look(chatDb)
    },
    connect: () =>
      engine.useConnection({
        send: scenario.acks ? hear : () => {},
        ping: onPong => {
          life.pong = onPong
          if (world.pingedMs === undefined) world.pinged = answeredIn(world)
          world.pingedMs = now()
        },
      }),
  }
  return life
}

const UNTIMED = { add: () => {} }
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
