import type { Pause, PauseCause } from '../core/hold.ts'
import { judgeLoop, keptTurns, type LoopRules, type Turn } from '../core/judge-loop.ts'
import type { Log } from '../core/log.ts'
import type { Problems } from '../core/problems.ts'
import { createPump } from './pump.ts'

export type LoopWatchNeeds = {
  readonly rules: LoopRules & { readonly pauseMs: number }
  readonly pauses: {
    readonly extend: (threadId: string, cause: PauseCause, now: number, untilMs: number) => boolean
    readonly list: (now: number) => Pause[]
  }
  /** A clock that only goes forward. */
  readonly now: () => number
  /** Unix milliseconds: pauses end by it. */
  readonly wallNow: () => number
  readonly problems: Problems
  readonly log: Log
}

type Conversation = {
  readonly turns: readonly Turn[]
  /** Other threads in which what came in here was answered. */
  readonly elsewhere: ReadonlySet<string>
}

/**
 * Rule 13 of the delivery rules: two machines that answer each other without pause are stopped. Each thread's latest turns
 * are kept in memory, without words; a thread that is a loop is paused on the disk.
 */
export const createLoopWatch = ({ rules, pauses, now, wallNow, problems, log }: LoopWatchNeeds) => {
  /** The one that spoke last comes last. */
  const conversations = new Map<string, Conversation>()
  let latestIncoming: string | undefined

  const add = (threadId: string, turn: Turn, elsewhere?: string): Conversation => {
    const known = conversations.get(threadId) ?? { turns: [], elsewhere: new Set() }
    const added = {
      turns: [...known.turns, turn].slice(-keptTurns(rules)),
      elsewhere:
        elsewhere === undefined ? known.elsewhere : new Set([...known.elsewhere, elsewhere].slice(-MAX_ELSEWHERE)),
    }
    conversations.delete(threadId)
    conversations.set(threadId, added)
    const [oldest] = conversations.keys()
    if (conversations.size > MAX_THREADS && oldest !== undefined) conversations.delete(oldest)
    return added
  }
  const lastTurn = (threadId: string): Turn['kind'] | undefined => conversations.get(threadId)?.turns.at(-1)?.kind

  const breakLoop = (threadId: string, { elsewhere }: Conversation, why: string): void => {
    for (const each of [threadId, ...elsewhere]) {
      conversations.delete(each)
      pauses.extend(each, 'loop', wallNow(), wallNow() + rules.pauseMs)
    }
    log.info({ why, threads: 1 + elsewhere.size }, 'two machines answer each other; sending there is held')
  }

  /** The problem lasts as long as one of the pauses. */
  const pump = createPump(() => {
    const at = wallNow()
    const loops = pauses.list(at).filter(({ cause }) => cause === 'loop')
    if (loops.length === 0) {
      problems.clear('loop_breaker')
      return undefined
    }
    const ends = loops.map(({ untilMs = Number.POSITIVE_INFINITY }) => untilMs)
    problems.set(
      'loop_breaker',
      `this agent and another machine answered each other without pause: nothing is sent in ${loops.length} ${loops.length === 1 ? 'thread' : 'threads'} until ${new Date(Math.max(...ends)).toISOString()}`,
      '"edge-agent queue" lists them. To go on before that: edge-agent resume THREAD (with --drop to give up what waits).',
    )
    return Math.min(RECHECK_MS, Math.min(...ends) - at)
  }, problems.setFrom)

  return {
    /** Something came in that the backend is to answer; `words` tells it from others, without holding it. In a transaction. */
    incoming: (threadId: string, words: string): void => {
      if (rules.rounds === 0) return
      latestIncoming = threadId
      const conversation = add(threadId, { kind: 'incoming', atMs: now(), says: words })
      const verdict = judgeLoop(conversation.turns, rules)
      if (verdict !== 'none') breakLoop(threadId, conversation, verdict)
    },
    /** Something of ours went out; `isAnswer`: to a message of the same thread. */
    sent: (threadId: string, isAnswer: boolean): void => {
      if (rules.rounds === 0) return
      const turn = { kind: 'sent', atMs: now() } as const
      const isUnasked = !isAnswer && lastTurn(threadId) !== 'incoming'
      add(threadId, turn)
      // A loop may go through two threads of one person: then this is the answer to what came in there.
      const asked = latestIncoming
      if (isUnasked && asked !== undefined && asked !== threadId && lastTurn(asked) === 'incoming')
        add(asked, turn, threadId)
    },
    /** A person takes part in this thread. */
    forget: (threadId: string): void => {
      conversations.delete(threadId)
    },
    /** Pauses may have begun or ended. */
    wake: pump.wake,
    stop: pump.stop,
  }
}

const MAX_THREADS = 1_000
const MAX_ELSEWHERE = 10
const RECHECK_MS = 60_000
