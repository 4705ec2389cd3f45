import type { BubbleState } from '../core/bubble.ts'
import { EdgeError, EXIT } from '../core/errors.ts'
import type { Pause } from '../core/hold.ts'
import type { Store } from '../store/open-store.ts'

export type QueueNeeds = {
  readonly transaction: <T>(work: () => T) => T
  readonly inbox: Pick<Store['inbox'], 'waiting' | 'retry' | 'drop' | 'isWiped'>
  readonly outbox: Pick<Store['outbox'], 'waiting' | 'retry' | 'drop' | 'isWiped'>
  readonly schedules: Pick<Store['schedules'], 'listed' | 'drop'>
  readonly commands: Pick<Store['commands'], 'finish'>
  /** Why what waits in a thread may not go yet, if that is the reason. */
  readonly waitsFor: (threadId: string) => string | undefined
  readonly pauses: () => readonly Pause[]
  /** A bubble came to its end. */
  readonly onEnd: (bubbleId: number, state: BubbleState, reason: string | undefined) => void
  /** Wall clock, Unix milliseconds. */
  readonly now: () => number
}

/**
 * What waits, is parked or dead, and what a person may do about it. Ids are `m12` for a message, `b34` for a bubble, `s56`
 * for a scheduled message.
 */
export const createQueue = (needs: QueueNeeds) => {
  const { inbox, outbox, schedules, commands, transaction } = needs
  const each = (ids: readonly string[], what: string, act: (kind: string, id: number) => boolean): { done: string[] } =>
    transaction(() => {
      const misfits = ids.filter(id => {
        const [, kind = '', number] = ID.exec(id) ?? []
        return !act(kind, Number(number))
      })
      const wordless = misfits.filter(isWiped)
      if (what === AGAIN && wordless.length > 0) throw withoutWords(wordless)
      if (misfits.length > 0) throw cannot(what, misfits) // and with it nothing is done
      return { done: [...ids] }
    })

  const dropBubble = (id: number): boolean => {
    if (!outbox.drop(id)) return false
    needs.onEnd(id, 'failed', 'dropped')
    return true
  }
  const dropSchedule = (id: number): boolean => {
    const dropped = schedules.drop(id, needs.now())
    if (dropped?.endedCommand !== undefined) commands.finish(dropped.endedCommand, 'failed', needs.now(), 'dropped')
    return dropped !== undefined
  }

  const isWiped = (id: string): boolean => {
    const [, kind, number] = ID.exec(id) ?? []
    return (kind === 'm' && inbox.isWiped(Number(number))) || (kind === 'b' && outbox.isWiped(Number(number)))
  }

  return {
    list: () => ({
      messages: inbox.waiting().map(({ id, ...message }) => ({ id: `m${id}`, ...message })),
      bubbles: outbox.waiting().map(({ id, ...bubble }) => {
        const waitsFor = bubble.state === 'planned' ? needs.waitsFor(bubble.threadId) : undefined
        return { id: `b${id}`, ...bubble, ...(waitsFor !== undefined && { waitsFor }) }
      }),
      schedules: schedules.listed().map(({ id, ...schedule }) => ({ id: `s${id}`, ...schedule })),
      pauses: needs.pauses(),
    }),
    /** POSTs a message again, sends a bubble again. Throws EdgeError `no_such_entry`, `text_removed`, and does nothing then. */
    retry: (ids: readonly string[]): { done: string[] } =>
      each(ids, AGAIN, (kind, id) => (kind === 'm' && inbox.retry(id)) || (kind === 'b' && outbox.retry(id))),
    /** Gives up any of them for good. Throws EdgeError `no_such_entry`, and does nothing then. */
    drop: (ids: readonly string[]): { done: string[] } =>
      each(
        ids,
        'dropped',
        (kind, id) =>
          (kind === 'm' && inbox.drop(id)) || (kind === 'b' && dropBubble(id)) || (kind === 's' && dropSchedule(id)),
      ),
  }
}

const AGAIN = 'retried'
const ID = /^([mbs])(\d{1,15})$/

const withoutWords = (ids: readonly string[]): EdgeError =>
  new EdgeError('text_removed', `${ids.join(', ')} cannot be retried: the text has been removed`, {
    remedy:
      'Texts are removed some time after an item is finished (retention.text), or after 30 days without a decision.\n' +
      'The text is still in Messages. Nothing was changed.',
  })

const cannot = (what: string, ids: readonly string[]): EdgeError =>
  new EdgeError(
    'no_such_entry',
    `${ids.join(', ')} cannot be ${what}: not in the queue, or not in a state that allows it`,
    {
      exit: EXIT.usage,
      remedy: 'To list ids and states: edge-agent queue. Nothing was changed.',
    },
  )
