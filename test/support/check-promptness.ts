import type { Database } from 'better-sqlite3'

/** What the agent's own records tell of when things happened: by the order of their history, whatever the clock did. */
export type ReflexRecord = { readonly commandId: string; readonly at: number; readonly isSent: boolean }
export type AnswerRecord = {
  readonly guid: string
  readonly threadId: string
  readonly posts: number
  readonly answeredAt: number | null
}

export const readPromptness = (state: Database) => ({
  reflexes: state
    .prepare<[], { commandId: string; at: number; isSent: number }>(
      `SELECT command_id AS commandId, bubble_id IS NOT NULL AS isSent, received_seq, (
         SELECT MIN(id) FROM history h WHERE h.kind = 'command' AND h.subject = c.received_seq) AS at
       FROM commands c WHERE role IN ('unmatched', 'bound')`,
    )
    .all()
    .map(({ commandId, at, isSent }): ReflexRecord => ({ commandId, at, isSent: isSent === 1 })),
  answers: state
    .prepare<[], AnswerRecord>(
      `SELECT guid, thread_id AS threadId, posts, (
         SELECT MIN(id) FROM history h WHERE h.kind = 'message' AND h.subject = m.id AND h.state = 'answered') AS answeredAt
       FROM messages m WHERE posts > 0 ORDER BY id`,
    )
    .all(),
})

/**
 * I9: a reflex that came while its message was in flight was sent at once. One that was missing, or that came after its
 * answer, may have delayed one other of its thread. `guidOf` knows which message a command is the reflex of.
 */
export const findDelays = (
  { reflexes, answers }: { readonly reflexes: readonly ReflexRecord[]; readonly answers: readonly AnswerRecord[] },
  guidOf: (commandId: string) => string | undefined,
): string[] =>
  [...Map.groupBy(answers, ({ threadId }) => threadId)].flatMap(([threadId, messages]) => {
    let delayed = 0
    let excused = 0
    for (const { guid, posts, answeredAt } of messages) {
      const end = answeredAt ?? Number.POSITIVE_INFINITY
      const own = reflexes.filter(({ commandId }) => guidOf(commandId) === guid)
      const inTime = own.filter(({ at }) => at < end)
      // The second reflex of a message says what the first one said.
      if (inTime.length > 0 && !inTime.some(({ isSent }) => isSent)) delayed += 1
      excused += posts - Math.min(posts, 1, inTime.length)
    }
    return delayed > excused ? [`${threadId}: ${delayed} reflexes were held back, and ${excused} were missing`] : []
  })
