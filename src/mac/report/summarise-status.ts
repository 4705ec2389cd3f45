import { z } from 'zod'
import { word } from './word.ts'

/** The status of the running agent, as far as it is numbers and words that are known to mean no person. */
export const summariseStatus = (status: unknown): unknown => schema.parse(status)

const number = z.number().optional().catch(undefined)
const shortWord = z
  .unknown()
  .transform(value => word(value))
  .optional()
const flag = z.boolean().optional().catch(undefined)
const time = z.iso.datetime().nullable().optional().catch(undefined)
const counts = z
  .record(z.string(), z.unknown())
  .transform(all =>
    Object.fromEntries(Object.entries(all).filter(([name, n]) => word(name) !== undefined && typeof n === 'number')),
  )
  .optional()
  .catch(undefined)
const part = <T extends z.ZodRawShape>(shape: T) => z.object(shape).optional().catch(undefined)

const schema = z
  .object({
    agent: part({
      version: z
        .string()
        .regex(/^\d+\.\d+\.\d+[\w.-]{0,20}$/)
        .optional()
        .catch(undefined),
      pid: number,
      node: z
        .string()
        .regex(/^\d+\.\d+\.\d+$/)
        .optional()
        .catch(undefined),
      startedAt: z.iso.datetime().optional().catch(undefined),
      uptimeSeconds: number,
      rssBytes: number,
      cpuSeconds: number,
    }),
    connection: part({
      state: shortWord,
      since: number,
      generation: number,
      rttMs: number,
      retryAt: number,
      lastError: part({ code: shortWord }),
    }),
    chatDb: part({ readable: flag }),
    permissions: part({ fullDiskAccess: shortWord, automation: shortWord }),
    lastMessage: part({ at: z.iso.datetime().optional().catch(undefined), state: shortWord }),
    messages: counts,
    skipped: counts,
    bubbles: counts,
    commands: counts,
    scheduled: counts,
    nextScheduled: z.iso.datetime().optional().catch(undefined),
    reflex: counts,
    held: part({
      everywhere: part({ until: time }).nullable(),
      paused: part({ threads: number, until: time }),
      takeover: part({ threads: number, until: time }),
      loop: part({ threads: number, until: time }),
      quietHours: part({ until: time }).nullable(),
      byHand: number,
    }),
    latenciesMs: part({ commitToPost: counts, frameToOsascript: counts, postToAnswer: counts }),
    problems: z
      .array(z.object({ code: shortWord, sinceMs: number }))
      .optional()
      .catch(undefined),
  })
  .catch({})
