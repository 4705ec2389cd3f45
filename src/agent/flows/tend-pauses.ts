import type { BubbleState } from '../core/bubble.ts'
import { EdgeError, EXIT } from '../core/errors.ts'
import type { Pause } from '../core/hold.ts'
import type { Store } from '../store/open-store.ts'
import { threadsOf } from './known-chats.ts'

/** What a person asks for; `thread` as it is typed, without it all of them are meant. */
export type PauseRequest = { readonly thread?: string | undefined; readonly forMs?: number | undefined }
export type ResumeRequest = {
  readonly thread?: string | undefined
  /** Every pause there is, those of single threads too. */
  readonly all?: boolean | undefined
  /** Gives up what was held. */
  readonly drop?: boolean | undefined
}

export type PauseAnswer = { readonly pause: Pause; readonly held: number }
export type ResumeAnswer = {
  /** '' is everywhere. */
  readonly thread: string
  /** What is over. */
  readonly ended: readonly Pause[]
  readonly dropped: number
  /** What goes on there; without a thread, all that does. */
  readonly still: readonly Pause[]
  /** Bubbles that wait there now; without a thread, in all that are not held by themselves. */
  readonly waiting: number
}

export type PausingNeeds = {
  readonly transaction: <T>(work: () => T) => T
  readonly pauses: Pick<Store['pauses'], 'set' | 'end' | 'list'>
  readonly outbox: Pick<Store['outbox'], 'threadsWithPlanned' | 'plannedIn' | 'drop'>
  readonly recipients: Pick<Store['recipients'], 'recent'>
  readonly isThread: (threadId: string) => boolean
  /** One form for all ways in which an address is written. */
  readonly normalise: (address: string) => string
  readonly onEnd: (bubbleId: number, state: BubbleState, reason: string | undefined) => void
  /** Wall clock, Unix milliseconds. */
  readonly now: () => number
}

/** A person holds back what would be sent, and lets it go. It counts at once, and across restarts. */
export const createPausing = (needs: PausingNeeds) => {
  const { pauses, outbox, transaction, now } = needs

  const threadOf = (typed: string | undefined): string => {
    if (typed === undefined) return EVERYWHERE
    const paused = new Set(pauses.list(now()).map(({ threadId }) => threadId))
    const found = threadsOf(typed.trim(), needs.normalise).find(
      thread => thread !== '' && (paused.has(thread) || needs.isThread(thread)),
    )
    if (found === undefined) throw unknownThread(typed, needs.recipients.recent())
    return found
  }
  const waitingIn = (threads: readonly string[]): number[] => threads.flatMap(outbox.plannedIn)

  return {
    /** @throws EdgeError `unknown_thread` (exit 64); nothing is changed then. */
    pause: ({ thread, forMs }: PauseRequest): PauseAnswer =>
      transaction(() => {
        const threadId = threadOf(thread)
        const sinceMs = now()
        const pause = {
          threadId,
          cause: 'operator',
          sinceMs,
          ...(forMs !== undefined && { untilMs: sinceMs + forMs }),
        } as const
        pauses.set(pause)
        return { pause, held: waitingIn(threadId === EVERYWHERE ? outbox.threadsWithPlanned() : [threadId]).length }
      }),
    /**
     * Ends whatever holds this thread alone: a pause, a takeover, a broken loop. Without a thread, the pause of everything.
     *
     * @throws EdgeError `unknown_thread` (exit 64); nothing is changed then.
     */
    resume: ({ thread, all = false, drop = false }: ResumeRequest): ResumeAnswer =>
      transaction(() => {
        if (all && thread !== undefined) throw bothMeant()
        const threadId = threadOf(thread)
        const before = pauses.list(now())
        const isMeant = (pause: Pause): boolean => all || pause.threadId === threadId
        const still = before.filter(pause => !isMeant(pause))
        const held = new Set(still.map(pause => pause.threadId))
        const freed = new Set(before.filter(isMeant).map(pause => pause.threadId))
        for (const each of freed) pauses.end(each)
        const waiting = outbox.threadsWithPlanned()
        const dropIn = waiting.filter(each => freed.has(each) || (freed.has(EVERYWHERE) && !held.has(each)))
        const ids = drop ? waitingIn(dropIn).filter(outbox.drop) : []
        for (const id of ids) needs.onEnd(id, 'failed', 'dropped')
        return {
          thread: threadId,
          ended: before.filter(isMeant),
          dropped: ids.length,
          still: threadId === EVERYWHERE ? still : still.filter(pause => pause.threadId === EVERYWHERE),
          waiting: waitingIn(threadId === EVERYWHERE ? waiting.filter(each => !held.has(each)) : [threadId]).length,
        }
      }),
    list: (): Pause[] => pauses.list(now()),
  }
}

const EVERYWHERE = ''

const bothMeant = (): EdgeError =>
  new EdgeError('usage', 'use --all or a thread, not both', {
    exit: EXIT.usage,
    remedy: 'Nothing was changed.',
  })

const unknownThread = (typed: string, recent: readonly string[]): EdgeError =>
  new EdgeError('unknown_thread', `there is no thread "${typed}"`, {
    exit: EXIT.usage,
    remedy: [
      recent.length === 0
        ? 'No thread is known yet.'
        : `Some known ones: ${recent.join(', ')}. To list the latest messages: edge-agent audit --list.`,
      'Without a thread, the command applies to everyone. Nothing was changed.',
    ].join('\n'),
  })
