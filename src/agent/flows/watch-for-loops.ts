import { judgeLoop, keptTurns, type LoopRules, type Turn } from '../core/judge-loop.ts'
import type { Log } from '../core/log.ts'
import type { Problems } from '../core/problems.ts'
import type { Clock, Timers } from '../core/timers.ts'
import type { Store } from '../store/open-store.ts'
import { createPump } from './pump.ts'

export type LoopWatchNeeds = {
  readonly rules: LoopRules & { readonly pauseMs: number }
  readonly pauses: Pick<Store['pauses'], 'extend' | 'list'>
  /** Turns are counted by the one that only goes forward; pauses end by that of the wall. */
  readonly clock: Clock
  readonly timers: Timers
  readonly problems: Problems
  readonly log: Log
}

type Conversation = {
  /** Whoever spoke last in it. */
  readonly last: Turn['kind']
  /** The turns between us and each of those who write there. */
  readonly turnsWith: ReadonlyMap<string, readonly Turn[]>
  /** Other threads in which what came in here was answered. */
  readonly elsewhere: ReadonlySet<string>
}

/** Something that came in; `words` tells them from others, without holding them. */
export type IncomingTurn = {
  readonly threadId: string
  readonly sender: string
  readonly words: string
  readonly isGroup: boolean
}

/**
 * Rule 13 of the delivery rules: two machines that answer each other without pause are stopped. Each thread's latest turns
 * are kept in memory, without words; a thread that is a loop is paused on the disk.
 */
export const createLoopWatch = ({ rules, pauses, clock, timers, problems, log }: LoopWatchNeeds) => {
  /** The one that spoke last comes last. */
  const conversations = new Map<string, Conversation>()
  const groups = new Set<string>()
  let latestIncoming: string | undefined

  const put = (threadId: string, conversation: Conversation): void => {
    conversations.delete(threadId)
    conversations.set(threadId, conversation)
    const [oldest] = conversations.keys()
    if (conversations.size > MAX_THREADS && oldest !== undefined) forget(oldest)
  }
  const forget = (threadId: string): void => {
    conversations.delete(threadId)
    groups.delete(threadId)
  }

  const addIncoming = ({ threadId, sender, words }: IncomingTurn): readonly Turn[] => {
    const known = conversations.get(threadId) ?? NOBODY
    const turn: Turn = { kind: 'incoming', atMs: clock.now(), says: words }
    const before = known.turnsWith.get(sender) ?? []
    // Of what comes in before we say anything more the first counts.
    const turns = before.at(-1)?.kind === 'incoming' ? before : [...before, turn].slice(-keptTurns(rules))
    const others = [...known.turnsWith].filter(([other]) => other !== sender).slice(1 - MAX_SENDERS)
    put(threadId, { ...known, last: 'incoming', turnsWith: new Map([...others, [sender, turns]]) })
    return turns
  }
  /**
   * In a group somebody always speaks right after us: there the time counts from the first thing that we said since that
   * person spoke last.
   */
  const addSent = (threadId: string, elsewhere?: string): void => {
    const known = conversations.get(threadId) ?? NOBODY
    const turn: Turn = { kind: 'sent', atMs: clock.now() }
    const turnsWith = [...known.turnsWith].map(([sender, turns]): [string, readonly Turn[]] => {
      const isSaid = turns.at(-1)?.kind === 'sent'
      if (isSaid && groups.has(threadId)) return [sender, turns]
      return [sender, [...(isSaid ? turns.slice(0, -1) : turns), turn].slice(-keptTurns(rules))]
    })
    // What is answered here has nothing to do with other threads.
    const threads = elsewhere === undefined ? [] : [...known.elsewhere, elsewhere].slice(-MAX_ELSEWHERE)
    put(threadId, { last: 'sent', turnsWith: new Map(turnsWith), elsewhere: new Set(threads) })
  }

  const breakLoop = (threadId: string, why: string): void => {
    const threads = [threadId, ...(conversations.get(threadId)?.elsewhere ?? [])]
    for (const each of threads) {
      forget(each)
      pauses.extend(each, 'loop', clock.wall(), clock.wall() + rules.pauseMs)
    }
    log.info({ why, threads: threads.length }, 'reply loop with another bot; sending there is paused')
  }

  /** The problem lasts as long as one of the pauses. */
  const pump = createPump(
    () => {
      const at = clock.wall()
      const loops = pauses.list(at).filter(({ cause }) => cause === 'loop')
      if (loops.length === 0) {
        problems.clear('loop_breaker')
        return undefined
      }
      const ends = loops.map(({ untilMs = Number.POSITIVE_INFINITY }) => untilMs)
      problems.set(
        'loop_breaker',
        `reply loop with another bot: sending is paused in ${loops.length} ${loops.length === 1 ? 'thread' : 'threads'} until ${new Date(Math.max(...ends)).toISOString()}`,
        'To list them: edge-agent queue. To resume earlier: edge-agent resume THREAD (with --drop to drop what is waiting).',
      )
      return Math.min(RECHECK_MS, Math.min(...ends) - at)
    },
    { timers, onError: problems.setFrom },
  )

  return {
    /** Something came in that the backend is to answer. In a transaction. */
    incoming: (turn: IncomingTurn): void => {
      if (rules.rounds === 0) return
      const { threadId } = turn
      latestIncoming = threadId
      if (turn.isGroup) groups.add(threadId)
      const verdict = judgeLoop(addIncoming(turn), rules)
      if (verdict !== 'none') breakLoop(threadId, verdict)
    },
    /** Something of ours went out; `isAnswer`: to a message of the same thread. */
    sent: (threadId: string, isAnswer: boolean): void => {
      if (rules.rounds === 0) return
      const isUnasked = !isAnswer && conversations.get(threadId)?.last !== 'incoming'
      addSent(threadId)
      // A loop may go through two threads of one person: then this is the answer to what came in there.
      const asked = latestIncoming
      if (!isUnasked || asked === undefined || asked === threadId) return
      if (conversations.get(asked)?.last === 'incoming') addSent(asked, threadId)
    },
    /** A person takes part in this thread. */
    forget,
    /** Pauses may have begun or ended. */
    wake: pump.wake,
    stop: pump.stop,
  }
}

const NOBODY: Conversation = { last: 'sent', turnsWith: new Map(), elsewhere: new Set() }

const MAX_THREADS = 200
const MAX_SENDERS = 20
const MAX_ELSEWHERE = 10
const RECHECK_MS = 60_000
