import type { MessageRequest } from '../protocol/wire.ts'

/** What is told of a message: a row of chat.db that has all it needs. */
export type Outgoing = { readonly threadId: string; readonly sender: string; readonly text: string }

/** The exact body of its POST, as text; how often what kind of thing was taken out of it. */
export type Composed = { readonly body: string; readonly redacted: Readonly<Record<string, number>> }

/** A message → the body of its POST: the one place in which it is decided what of its words leaves this Mac. */
export const composeMessage = ({ threadId, sender, text }: Outgoing): Composed => {
  const request: MessageRequest = { thread_id: threadId, sender, filtered_text: text }
  return { body: JSON.stringify(request), redacted: {} }
}
