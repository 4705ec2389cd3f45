import { compileRedactRules, type Redacted, redact } from '../redact/redact.ts'
import { createFilter } from './core/filter.ts'
import { LONG_TEXT } from './core/limits.ts'
import type { Chat, MessageDetails, MessageRow } from './core/message.ts'
import { type Composed, type ComposedNow, composeMessage, type Outgoing } from './flows/compose-message.ts'
import type { ChatDb } from './imessage/chat-db.ts'
import { compilePattern } from './matching/compile-pattern.ts'
import type { AgentSettings } from './settings.ts'

/** What leaves this Mac: which messages, and what of them. */
export const createForwarding = (
  settings: Pick<AgentSettings, 'people' | 'redact' | 'forward' | 'maxMessageAgeMs' | 'payload'>,
  chatDb: () => Pick<ChatDb, 'detailsOf' | 'attachmentsOf'> | undefined,
  normalise: (address: string) => string,
  /** Whether long texts may be left to the background. */
  mayLeaveLong = false,
) => {
  const { people } = settings
  const redactRules = compileRedactRules(settings.redact, compilePattern)

  const detailsOf = (row: MessageRow, chat: Chat): MessageDetails => {
    const [first, ...others] = (row.parts ?? [row]).flatMap(({ rowid }) => chatDb()?.detailsOf(rowid, chat.guid) ?? [])
    if (first === undefined) return { participants: [], attachments: [] }
    return {
      ...first,
      attachments: [first, ...others].flatMap(({ attachments }) => attachments).slice(0, MAX_ATTACHMENTS),
    }
  }
  const isWhole = ({ rowid, places = 0 }: MessageRow): boolean =>
    places === 0 || (chatDb()?.attachmentsOf(rowid) ?? places) >= places

  return {
    rules: {
      maxAgeMs: settings.maxMessageAgeMs,
      filter: createFilter({ ...settings.forward, people }, { normalise, compilePattern }),
    },
    /** `atOnce`: however long it is. */
    compose: (message: Outgoing, { atOnce = false }: { readonly atOnce?: boolean } = {}): Composed =>
      mayLeaveLong && !atOnce && message.text.length > LONG_TEXT
        ? { later: true, redacted: {} }
        : composeMessage(message, text => redact(text, redactRules)),
    /** With what became of its text already. */
    composeRedacted: (message: Outgoing, redacted?: Redacted): ComposedNow =>
      composeMessage(message, text => (text === message.text && redacted) || redact(text, redactRules)),
    /** What `payload = "extended"` tells beside the text. */
    details: settings.payload === 'extended' ? { details: detailsOf, isWhole } : {},
  }
}

/** As many as one row may have. */
const MAX_ATTACHMENTS = 32
