import { z } from 'zod'
import { parseDuration } from '../config/duration.ts'

/** `--since`: so long ago, or a time; Unix milliseconds. */
export const sinceOption = z.string().transform((written, context) => {
  const agoMs = parseDuration(written)
  const ms = agoMs === undefined ? Date.parse(written) : Date.now() - agoMs
  if (!Number.isNaN(ms)) return ms
  context.addIssue({
    code: 'custom',
    message: 'Neither a duration such as 10m nor a time such as 2026-01-31T09:00',
  })
  return z.NEVER
})
