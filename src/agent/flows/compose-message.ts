import type { MessageRequest } from '../../protocol/wire.ts'
import type { Redacted } from '../../redact/redact.ts'
import type { Chat, MessageDetails, MessageRow } from '../core/message.ts'
import { type Extended, extendedFields } from './extended-fields.ts'

/** What is told of a message: a row of chat.db that has all it needs. */
export type Outgoing = {
  readonly threadId: string
  readonly sender: string
  readonly text: string
  /** The text is what Messages heard in a voice message. */
  readonly isVoice?: boolean
  /** The rest, with `payload = "extended"`. */
  readonly extended?: Extended
}

/** What is told of a row, or of the rows that are one message; without `details` it is its three fields. */
export const outgoingOf = (
  row: MessageRow,
  { threadId }: Chat,
  sender: string,
  { details, ...told }: Omit<Extended, 'row' | 'details'> & { readonly details: MessageDetails | undefined },
): Outgoing => ({
  threadId,
  sender,
  text: row.text,
  isVoice: row.isVoice === true,
  ...(details && { extended: { ...told, row, details } }),
})

/** The exact body of its POST, as text, or why nothing of it leaves; how often what kind of thing was found in it. */
export type ComposedNow = { readonly redacted: Readonly<Record<string, number>> } & (
  | { readonly body: string }
  | { readonly skip: string }
)

/** `later`: it is so long that it is redacted in the background, see compose-long.ts. */
export type Composed = ComposedNow | { readonly later: true; readonly redacted: Readonly<Record<string, number>> }

/** A message → the body of its POST: the one place in which it is decided what of its words leaves this Mac. */
export const composeMessage = (
  { threadId, sender, text, isVoice = false, extended }: Outgoing,
  redact: (text: string) => Redacted,
): ComposedNow => {
  const redacted: Record<string, number> = {}
  const clean = (words: string): Redacted => {
    const cleaned = redact(words)
    for (const [kind, count] of Object.entries(cleaned.found)) redacted[kind] = (redacted[kind] ?? 0) + count
    return cleaned
  }
  const { text: filtered, skip } = clean(text)
  if (skip !== undefined) return { skip: `redact:${skip}`, redacted }
  const request: MessageRequest = {
    thread_id: threadId,
    sender,
    filtered_text: isVoice && filtered !== '' ? `${VOICE_MARK} ${filtered}` : filtered,
    // The name of a group or a file is masked, and no reason to keep a message back.
    ...(extended && extendedFields(extended, words => clean(words).text)),
  }
  return { body: JSON.stringify(request), redacted }
}

/** What a transcript begins with, so that nobody takes it for what somebody typed. */
const VOICE_MARK = '[voice message]'
