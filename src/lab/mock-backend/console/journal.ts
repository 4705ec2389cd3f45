import type { MockBackendEvent } from '../event.ts'
import type { FaultStrike } from '../lay-faults.ts'
import { logLine } from '../log-line.ts'
import { createJournalItems, type JournalItem } from './journal-items.ts'

export type LogEntry = { readonly seq: number; readonly at: number; readonly type: string; readonly line: string }

/** How many log entries are kept, the newest. */
const MAX_LOG = 1000
const MAX_LINE = 1000

export type Journal = ReturnType<typeof createJournal>

/** What happened, for people: the newest messages and commands with their time lines, and the log. */
export const createJournal = (changes: {
  readonly onItem: (item: JournalItem) => void
  readonly onLog: (entry: LogEntry) => void
}) => {
  const items = createJournalItems(changes.onItem)
  const log: LogEntry[] = []
  let seq = 0

  const note = (type: string, line: string, at = Date.now()): void => {
    seq += 1
    const entry = { seq, at, type, line: line.slice(0, MAX_LINE) }
    log.push(entry)
    if (log.length > MAX_LOG) log.shift()
    changes.onLog(entry)
  }

  return {
    items: items.list,
    item: items.get,
    onSeen: items.onSeen,
    log: log as readonly LogEntry[],
    note,
    onEvent: (event: MockBackendEvent): void => {
      items.onEvent(event)
      const line = logLine(event) ?? describe(event)
      if (line !== undefined) note(event.type, line, event.at)
    },
    onStrike: (strike: FaultStrike): void => {
      const at = performance.timeOrigin + performance.now()
      items.onStrike(strike, at)
      note('fault', `[Fault] ${strike.fault} strikes ${strike.target.agentId}`, at)
    },
  }
}

/** What the log of the protocol's description has no line for. */
const describe = (event: MockBackendEvent): string | undefined => {
  switch (event.type) {
    case 'disconnected':
      return `[WebSocket] Disconnected: ${event.agentId} (${event.code}${event.reason === '' ? '' : ` ${event.reason}`})`
    case 'answered':
      return `[HTTP POST] Answered ${event.agentId} with ${event.status}`
    case 'hung-up':
      return `[HTTP POST] The connection of ${event.agentId} ended before the answer`
    case 'ack':
      return `[Command] Acked as ${event.ack.status} by ${event.agentId}`
    case 'command-sent':
      return `[Command] Sent ${event.command.command_type} to ${event.agentId}`
    case 'connected':
    case 'dialled':
    case 'dial-ended':
    case 'refused':
    case 'posted':
    case 'looked-up':
    case 'reflex-sent':
    case 'reflex-not-sent':
    case 'redis':
    case 'struck':
    case 'frame':
      return undefined
  }
}
