import { createHash } from 'node:crypto'

export const DAY_MS = 24 * 60 * 60 * 1000
const MAX_ENTRIES = 10_000

/**
 * What became of each `Idempotency-Key`, per agent, for a day and at most 10,000 of them, the oldest making room.
 * @param now ms since the epoch
 */
export const createAnswersByKey = (now: () => number) => {
  // In order of first sight: a Map keeps it, and neither `finish` nor a repetition changes it.
  const entries = new Map<string, Entry>()

  const dropExpired = (): void => {
    for (const [id, { firstSeen }] of entries) {
      if (now() - firstSeen < DAY_MS) return
      entries.delete(id)
    }
  }

  const add = (id: string, entry: Entry): void => {
    const [oldest] = entries.keys()
    if (entries.size >= MAX_ENTRIES && oldest !== undefined) entries.delete(oldest)
    entries.set(id, entry)
  }

  return {
    /** Begins the work on this body under this key. Only `new` may do the work; it owes a `finish` or a `forget`. */
    begin: (agentId: string, key: string, body: string): Begun => {
      dropExpired()
      const id = digest(agentId, key)
      const known = entries.get(id)
      if (known === undefined) {
        add(id, { firstSeen: now(), body: digest(body), answer: undefined })
        return { state: 'new' }
      }
      if (known.body !== digest(body)) return { state: 'other-body' }
      return known.answer === undefined ? { state: 'working' } : { state: 'answered', answer: known.answer }
    },

    finish: (agentId: string, key: string, answer: string): void => {
      const entry = entries.get(digest(agentId, key))
      if (entry !== undefined) entry.answer = answer
    },

    /** The work came to nothing: the next try starts anew. */
    forget: (agentId: string, key: string): void => {
      entries.delete(digest(agentId, key))
    },
  }
}

/** Promises where replicas share their answers. */
export type AnswersByKey = {
  readonly begin: (agentId: string, key: string, body: string) => Begun | Promise<Begun>
  readonly finish: (agentId: string, key: string, answer: string) => void | Promise<void>
  readonly forget: (agentId: string, key: string) => void | Promise<void>
}

export type Begun =
  | { readonly state: 'new' | 'working' | 'other-body' }
  /** The answer of the first try, as it was sent. */
  | { readonly state: 'answered'; readonly answer: string }

type Entry = { readonly firstSeen: number; readonly body: string; answer: string | undefined }

// Digests bound what a client can make us keep.
export const digest = (...parts: string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64')
