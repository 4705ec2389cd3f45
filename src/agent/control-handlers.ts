import { z } from 'zod'
import type { Engine } from './engine.ts'

export type ControlParts = {
  readonly engine: Pick<Engine, 'queue' | 'pausing' | 'explain' | 'audit' | 'automation' | 'selftest' | 'tryWarm'>
  readonly status: () => unknown
  readonly probeChatDb: () => unknown
}

/** What other terminals may ask of the running agent, with what they have to say. */
export const controlHandlers = ({ engine, status, probeChatDb }: ControlParts) => ({
  status,
  queue: engine.queue.list,
  explain: (args: unknown) => engine.explain(storyAsked.parse(args)),
  audit: (args: unknown) => engine.audit(auditAsked.parse(args)),
  'queue-retry': (ids: unknown) => engine.queue.retry(queueIds.parse(ids)),
  'queue-drop': (ids: unknown) => engine.queue.drop(queueIds.parse(ids)),
  pause: (args: unknown) => engine.pausing.pause(pauseRequest.parse(args)),
  resume: (args: unknown) => engine.pausing.resume(resumeRequest.parse(args)),
  'probe-automation': engine.automation.ask,
  'probe-chat-db': probeChatDb,
  selftest: (args: unknown) => engine.selftest(selftestRequest.parse(args)),
  'try-warm': (args: unknown) => engine.tryWarm(warmRequest.parse(args)),
})

const queueIds = z.array(z.string())
const selftestRequest = z.object({
  to: z.string(),
  number: z.int(),
  count: z.int(),
  way: z.enum(['warm', 'cold']).optional(),
})
const warmRequest = z.object({ to: z.string() })
const storyAsked = z.union([
  z.object({ id: z.string() }),
  z.object({ last: z.literal(true), threads: z.array(z.string()).optional() }),
])
const auditAsked = z.object({ sinceMs: z.number(), list: z.int().min(1).max(10_000).optional() })
const pauseRequest = z.object({ thread: z.string().optional(), forMs: z.number().positive().optional() })
const resumeRequest = z.object({
  thread: z.string().optional(),
  all: z.boolean().optional(),
  drop: z.boolean().optional(),
})
