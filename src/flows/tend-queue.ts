import type { BubbleState } from '../core/bubble.ts'
import { EdgeError, EXIT } from '../core/errors.ts'
import type { Pause } from '../core/hold.ts'

type Message = { readonly id: number; readonly state: string }
type Bubble = {
  readonly id: number
  readonly threadId: string
  readonly state: BubbleState
  readonly commandId: string | null
}

export type QueueNeeds<M extends Message, B extends Bubble> = {
  readonly transaction: <T>(work: () => T) => T
  readonly inbox: {
    readonly waiting: () => M[]
    readonly retry: (id: number) => boolean
    readonly drop: (id: number) => boolean
  }
  readonly outbox: {
    readonly waiting: () => B[]
    readonly retry: (id: number) => boolean
    readonly drop: (id: number) => boolean
  }
  /** Why what waits in a thread may not go yet, if that is the reason. */
  readonly waitsFor: (threadId: string) => string | undefined
  readonly pauses: () => readonly Pause[]
  /** A bubble came to its end. */
  readonly onEnd: (bubbleId: number, state: BubbleState, reason: string | undefined) => void
}

/** What waits, is parked or dead, and what a person may do about it. Ids are `m12` for a message, `b34` for a bubble. */
export const createQueue = <M extends Message, B extends Bubble>(needs: QueueNeeds<M, B>) => {
  const { inbox, outbox, transaction } = needs
  const each = (ids: readonly string[], what: string, act: (kind: string, id: number) => boolean): { done: string[] } =>
    transaction(() => {
      const misfits = ids.filter(id => {
        const [, kind = '', number] = ID.exec(id) ?? []
        return !act(kind, Number(number))
      })
      if (misfits.length > 0) throw cannot(what, misfits) // and with it nothing is done
      return { done: [...ids] }
    })

  return {
    list: () => ({
      messages: inbox.waiting().map(({ id, ...message }) => ({ id: `m${id}`, ...message })),
      bubbles: outbox.waiting().map(({ id, ...bubble }) => {
        const waitsFor = bubble.state === 'planned' ? needs.waitsFor(bubble.threadId) : undefined
        return { id: `b${id}`, ...bubble, ...(waitsFor !== undefined && { waitsFor }) }
      }),
      pauses: needs.pauses(),
    }),
    /** POSTs a message again, sends a bubble again. Throws EdgeError `no_such_entry`, and does nothing then. */
    retry: (ids: readonly string[]): { done: string[] } =>
      each(ids, 'tried again', (kind, id) => (kind === 'm' && inbox.retry(id)) || (kind === 'b' && outbox.retry(id))),
    /** Gives up a message or a bubble for good. Throws EdgeError `no_such_entry`, and does nothing then. */
    drop: (ids: readonly string[]): { done: string[] } =>
      each(ids, 'dropped', (kind, id) => {
        if (kind === 'm') return inbox.drop(id)
        if (kind !== 'b' || !outbox.drop(id)) return false
        needs.onEnd(id, 'failed', 'dropped')
        return true
      }),
  }
}

const ID = /^([mb])(\d{1,15})$/

const cannot = (what: string, ids: readonly string[]): EdgeError =>
  new EdgeError('no_such_entry', `${ids.join(', ')} cannot be ${what}: not in the queue, or not in a state for it`, {
    exit: EXIT.usage,
    remedy: '"edge-agent queue" lists the ids and their states. Nothing was changed.',
  })
