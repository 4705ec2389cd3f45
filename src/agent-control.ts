import { z } from 'zod'

/** What other terminals may ask of the running agent, with what they have to say. */
export const controlHandlers = (parts: ControlParts) => ({
  status: parts.status,
  queue: parts.queue.list,
  explain: (args: unknown) => parts.explain(storyAsked.parse(args)),
  audit: (args: unknown) => parts.audit(auditAsked.parse(args)),
  'queue-retry': (ids: unknown) => parts.changeQueue(() => parts.queue.retry(queueIds.parse(ids))),
  'queue-drop': (ids: unknown) => parts.changeQueue(() => parts.queue.drop(queueIds.parse(ids))),
  pause: (args: unknown) => parts.changePauses(() => parts.pausing.pause(pauseRequest.parse(args))),
  resume: (args: unknown) => parts.changePauses(() => parts.pausing.resume(resumeRequest.parse(args))),
  'probe-automation': parts.probeAutomation,
  'probe-chat-db': parts.probeChatDb,
  selftest: (args: unknown) => parts.selftest(selftestRequest.parse(args)),
})

type ControlParts = {
  readonly status: () => unknown
  readonly queue: {
    readonly list: () => unknown
    readonly retry: (ids: readonly string[]) => unknown
    readonly drop: (ids: readonly string[]) => unknown
  }
  readonly explain: (asked: z.infer<typeof storyAsked>) => unknown
  readonly audit: (asked: z.infer<typeof auditAsked>) => unknown
  readonly pausing: {
    readonly pause: (request: z.infer<typeof pauseRequest>) => unknown
    readonly resume: (request: z.infer<typeof resumeRequest>) => unknown
  }
  readonly probeAutomation: () => unknown
  readonly probeChatDb: () => unknown
  readonly selftest: (request: z.infer<typeof selftestRequest>) => unknown
  /** Whatever hangs on the queue, or on pauses, goes on after the change. */
  readonly changeQueue: <T>(change: () => T) => T
  readonly changePauses: <T>(change: () => T) => T
}

const queueIds = z.array(z.string())
const selftestRequest = z.object({ to: z.string(), number: z.int(), count: z.int() })
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
