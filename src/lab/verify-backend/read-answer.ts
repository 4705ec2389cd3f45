import { z } from 'zod'
import { messageAnswer } from '../../protocol/wire.ts'
import type { Exchange } from './edge-client.ts'
import { parseJson } from './parse-json.ts'

/** What an exchange brought, read as leniently as it can be: one fault must not hide all the rest. */
export type Answer = {
  /** What is not as the document has it, for a person to read; empty where all is. */
  readonly faults: readonly string[]
  /** The bubbles, where there are any to be found in the answer. */
  readonly bubbles: readonly string[] | undefined
  /** The backend asks for patience: nothing can be told from this try. */
  readonly isBusy: boolean
  /** It fits, and says that there is nothing to be said. */
  readonly isSilent: boolean
  /** It wants to respond, with no bubbles at all. */
  readonly isEmpty: boolean
}

export const readAnswer = ({ outcome }: Exchange): Answer => {
  const unusable = (fault: string, isBusy = false): Answer => ({
    faults: [fault],
    bubbles: undefined,
    isBusy,
    isSilent: false,
    isEmpty: false,
  })
  if (outcome.kind === 'failed') return unusable(`no answer (${outcome.code}: ${outcome.message})`)
  const { status, contentType, location, body } = outcome
  if (status >= 300 && status < 400) {
    return unusable(
      `redirected with ${status} to ${location ?? 'nowhere'}; edge agents never follow, because of their secret`,
    )
  }
  if (status < 200 || status >= 300) return unusable(`answered with status ${status}`, BUSY.has(status))

  const json = parseJson(body)
  if (json === undefined)
    return unusable(`answered ${status}, but not with JSON (${contentType}): ${JSON.stringify(head(body))}`)
  const parsed = documentedAnswer.safeParse(json)
  const { data: bubbles } = lenientAnswer.safeParse(json)
  const hasNoBubbles = (bubbles ?? []).length === 0
  return {
    faults: parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
    bubbles,
    isBusy: false,
    isSilent: parsed.success && (!parsed.data.should_respond || hasNoBubbles),
    isEmpty: parsed.success && parsed.data.should_respond && hasNoBubbles,
  }
}

const BUSY = new Set([408, 409, 425, 429, 503])

// Silence needs no bubbles; whoever speaks has to name them.
const documentedAnswer = messageAnswer.refine(
  ({ should_respond, reply_bubbles }) => !should_respond || Array.isArray(reply_bubbles),
  { path: ['reply_bubbles'], message: 'missing, though should_respond is true' },
)

const lenientAnswer = z
  .object({ reply_bubbles: z.array(z.unknown()) })
  .transform(({ reply_bubbles }) => reply_bubbles.filter(bubble => typeof bubble === 'string'))

const head = (text: string): string => text.slice(0, 60)
