import type { ConnectionStatus } from './backend/keep-connected.ts'
import type { Pause } from './core/hold.ts'
import type { createLatency } from './core/latency.ts'
import type { Problems } from './core/problems.ts'
import type { WarmStatus } from './core/warmth.ts'
import type { Store } from './store/open-store.ts'

export type AgentStatus = ReturnType<ReturnType<typeof createStatus>>

type Latency = Pick<ReturnType<typeof createLatency>, 'summary'>

type StatusNeeds = {
  readonly settings: {
    readonly agentId: string
    readonly version: string
    readonly label?: string | undefined
    readonly configFile?: string
  }
  readonly startedMs: number
  readonly now: () => number
  readonly connection: () => ConnectionStatus | undefined
  readonly isChatDbOpen: () => boolean
  readonly automation: () => 'granted' | 'missing' | 'unknown'
  readonly store: Pick<Store, 'inbox' | 'outbox' | 'commands' | 'schedules' | 'counters' | 'pauses'>
  readonly latencies: { readonly [of in 'commitToPost' | 'frameToOsascript' | 'frameToJob' | 'postToAnswer']: Latency }
  readonly problems: Problems
  /** When the quiet hours of now end. */
  readonly quietUntilMs: () => number | undefined
  readonly warmth: () => WarmStatus
  /** Rows of our own that were passed over and are not counted yet. */
  readonly passed: () => number
  readonly ownAddresses: () => readonly string[]
}

/** How the agent is, at each call: counts, times and codes, no text and no number of anybody but its owner. */
export const createStatus =
  ({
    settings,
    startedMs,
    now,
    connection,
    isChatDbOpen,
    automation,
    store,
    latencies,
    problems,
    quietUntilMs,
    warmth,
    passed,
    ownAddresses,
  }: StatusNeeds) =>
  () => ({
    agent: {
      id: settings.agentId,
      version: settings.version,
      pid: process.pid,
      node: process.versions.node,
      execPath: process.execPath,
      ...(settings.label !== undefined && { label: settings.label }),
      ...(settings.configFile !== undefined && { configFile: settings.configFile }),
      startedAt: new Date(startedMs).toISOString(),
      uptimeSeconds: Math.round((now() - startedMs) / 1000),
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
    },
    connection: connection() ?? { state: 'connecting' as const, since: startedMs, generation: 0 },
    chatDb: { readable: isChatDbOpen() },
    permissions: {
      fullDiskAccess: isChatDbOpen() ? 'granted' : problems.has('chat_db_forbidden') ? 'missing' : 'unknown',
      automation: automation(),
    },
    /** The owner's own: the only addresses that are told. */
    ownAddresses: ownAddresses(),
    lastMessage: lastMessage(store.inbox.last()),
    messages: store.inbox.counts(),
    skipped: withOwn(store.counters.under('skipped'), passed()),
    bubbles: store.outbox.counts(),
    commands: store.commands.counts(),
    scheduled: store.schedules.counts(),
    nextScheduled: toIso(store.schedules.nextMs()),
    reflex: {
      sent: store.commands.reflexesSent(),
      deduplicated: 0,
      mismatch: 0,
      fallback: 0,
      ...store.counters.under('reflex'),
    },
    latenciesMs: {
      commitToPost: latencies.commitToPost.summary(),
      frameToOsascript: latencies.frameToOsascript.summary(),
      frameToJob: latencies.frameToJob.summary(),
      postToAnswer: latencies.postToAnswer.summary(),
    },
    sending: warmth(),
    held: describeHolds(store.pauses.list(Date.now()), quietUntilMs(), store.counters.under('guard')['by_hand'] ?? 0),
    problems: problems.list(),
  })

const toIso = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString()
/** What keeps bubbles back, without saying where. Times are ISO 8601; null: until somebody ends it. */
const describeHolds = (pauses: readonly Pause[], quietUntilMs: number | undefined, byHand: number) => {
  const everywhere = pauses.find(({ threadId }) => threadId === '')
  const threads = (cause: Pause['cause']) => {
    const found = pauses.filter(pause => pause.cause === cause && pause.threadId !== '')
    const ends = found.map(({ untilMs = Number.POSITIVE_INFINITY }) => untilMs)
    return { threads: found.length, until: found.length === 0 ? null : toTime(Math.max(...ends)) }
  }
  return {
    everywhere: everywhere === undefined ? null : { until: toTime(everywhere.untilMs) },
    paused: threads('operator'),
    takeover: threads('takeover'),
    loop: threads('loop'),
    quietHours: quietUntilMs === undefined ? null : { until: toTime(quietUntilMs) },
    /** Messages that the owner wrote by hand, since the first start. */
    byHand,
  }
}

const toTime = (ms: number | undefined): string | null =>
  ms === undefined || !Number.isFinite(ms) ? null : new Date(ms).toISOString()

const lastMessage = (last: { readonly seenMs: number; readonly state: string } | undefined) =>
  last && { at: new Date(last.seenMs).toISOString(), state: last.state }

const withOwn = (skipped: Record<string, number>, more: number): Record<string, number> =>
  more === 0 ? skipped : { ...skipped, own: (skipped['own'] ?? 0) + more }
