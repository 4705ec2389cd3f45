import type { Redacted } from '../../redact/redact.ts'
import type { Log } from '../core/log.ts'
import type { Chat, MessageDetails, MessageRow } from '../core/message.ts'
import type { Timers } from '../core/timers.ts'
import type { ChatDb } from '../imessage/chat-db.ts'
import type { Store } from '../store/open-store.ts'
import { type ComposedNow, type Outgoing, outgoingOf } from './compose-message.ts'
import { createPump, type Pump } from './pump.ts'

export type LongNeeds = {
  /** chat.db, while it is open. */
  readonly chatDb: () => Pick<ChatDb, 'rowOf'> | undefined
  readonly inbox: Pick<Store['inbox'], 'oldestWithoutBody' | 'lookUpId' | 'giveBody' | 'skip'>
  readonly transaction: <T>(work: () => T) => T
  /** Takes its time, and rejects where it cannot be done. */
  readonly redactLong: (text: string) => Promise<Redacted>
  readonly compose: (message: Outgoing, redacted?: Redacted) => ComposedNow
  readonly details?: (row: MessageRow, chat: Chat) => MessageDetails
  readonly timers: Timers
  readonly onError: (error: unknown) => void
  readonly log: Log
}

/**
 * A long text is queued without the body of its POST, so that nobody waits while it is redacted; here it gets it, from its row,
 * one after the other. Until then only its own thread waits, for its order. A crash leaves it without, and it is done again.
 */
export const createLongComposing = (needs: LongNeeds): Pump => {
  const { inbox, transaction } = needs
  let isBusy = false

  const look = (): number | undefined => {
    const id = isBusy ? undefined : inbox.oldestWithoutBody()
    if (id === undefined) return undefined
    const { guid, words } = inbox.lookUpId(id)
    const row = read(guid)
    if (row === 'unreadable') return BLIND_PAUSE_MS
    const { chat, sender } = row ?? {}
    if (row === undefined || chat === undefined || sender === undefined) {
      transaction(() => inbox.skip(id, 'incomplete'))
      return 0
    }
    isBusy = true
    const message = outgoingOf(row, chat, sender, { messageId: guid, details: needs.details?.(row, chat) })
    void composeLong(id, words, message).finally(() => {
      isBusy = false
      pump.wake()
    })
    return undefined
  }

  const composeLong = async (id: number, words: string | undefined, message: Outgoing): Promise<void> => {
    const redacted = await needs.redactLong(message.text).catch(error => {
      needs.log.warn({ error: String(error) }, 'a long text could not be redacted in the background')
      return undefined
    })
    try {
      const composed = needs.compose(message, redacted)
      transaction(() => {
        if (inbox.lookUpId(id).words !== words) return // it was edited meanwhile: its new words have their turn
        if ('skip' in composed) inbox.skip(id, composed.skip, composed)
        else inbox.giveBody(id, composed.body, composed.redacted)
      })
    } catch (error) {
      needs.onError(error)
    }
  }

  const read = (guid: string): MessageRow | 'unreadable' | undefined => {
    try {
      const db = needs.chatDb()
      return db === undefined ? 'unreadable' : db.rowOf(guid)
    } catch {
      return 'unreadable' // whoever follows chat.db tells why
    }
  }

  const pump = createPump(look, needs)
  return pump
}

const BLIND_PAUSE_MS = 1_000
