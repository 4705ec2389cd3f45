import { z } from 'zod'
import { word } from './word.ts'

/** How many messages, bubbles and scheduled messages of `queue` are in which state for which reason, and since when the oldest is. */
export const summariseQueue = (listing: unknown): unknown => {
  const { messages, bubbles, schedules } = schema.parse(listing)
  return { messages: count(messages), bubbles: count(bubbles), schedules: count(schedules) }
}

const entry = z.object({
  state: z.unknown().transform(value => word(value) ?? 'other'),
  reason: z
    .unknown()
    .transform(value => word(value) ?? 'other')
    .optional(),
})
type Entry = z.infer<typeof entry>

const schema = z
  .object({
    messages: z.array(entry).catch([]),
    bubbles: z.array(entry).catch([]),
    schedules: z.array(entry).catch([]),
  })
  .catch({ messages: [], bubbles: [], schedules: [] })

const count = (entries: readonly Entry[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { state, reason = 'none' } of entries) {
    const name = `${state}, ${reason}`
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
