import type { Redacted } from '../core/redact.ts'
import type { MessageRequest } from '../protocol/wire.ts'

/** What is told of a message: a row of chat.db that has all it needs. */
export type Outgoing = { readonly threadId: string; readonly sender: string; readonly text: string }

/** The exact body of its POST, as text, or why nothing of it leaves; how often what kind of thing was found in it. */
export type Composed = { readonly redacted: Readonly<Record<string, number>> } & (
  | { readonly body: string }
  | { readonly skip: string }
)

/** A message → the body of its POST: the one place in which it is decided what of its words leaves this Mac. */
export const composeMessage = ({ threadId, sender, text }: Outgoing, redact: (text: string) => Redacted): Composed => {
  const { text: filtered, found, skip } = redact(text)
  if (skip !== undefined) return { skip: `redact:${skip}`, redacted: found }
  const request: MessageRequest = { thread_id: threadId, sender, filtered_text: filtered }
  return { body: JSON.stringify(request), redacted: found }
}
