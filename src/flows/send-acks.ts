import type { CommandAckData } from '../protocol/wire.ts'

type Outcome = {
  readonly commandId: string
  readonly status: 'received' | 'completed' | 'failed'
  readonly error?: string
  readonly detail?: string
  readonly finishedMs?: number
  readonly scheduleId?: string
  readonly sendAtMs?: number
}

/** The open connection, as far as acks are concerned. */
export type AckConnection = { readonly send: (text: string, onDelivered?: () => void) => void }

export type AckNeeds = {
  readonly commands: {
    /** The oldest of them, as many as may be under way at once. */
    readonly acksOwed: () => Outcome[]
    readonly ackDelivered: (commandId: string, status: string) => void
  }
  readonly transaction: <T>(work: () => T) => T
}

/** Outcomes → the connection. A final outcome is owed until the backend's side has provably received its ack. */
export const createAcks = ({ commands, transaction }: AckNeeds) => {
  let connection: AckConnection | undefined
  /** The latest ack of each command that is on its way over this connection. */
  let underWay = new Map<string, Outcome>()
  /** Why a command waits, as this connection was told. */
  let held = new Map<string, string>()

  const send = (): void => {
    const over = connection
    if (over === undefined) return
    for (const outcome of commands.acksOwed()) {
      const { commandId, status } = outcome
      if (underWay.get(commandId)?.status === status) continue
      underWay.set(commandId, outcome)
      held.delete(commandId)
      over.send(toFrame(outcome), () => {
        if (underWay.get(commandId) !== outcome) return // a later one is
        underWay.delete(commandId)
        transaction(() => commands.ackDelivered(commandId, status))
        send() // only so many are under way at once
      })
    }
  }
  return {
    /** A connection opened or (undefined) ended. What was under way on the last one is sent again. */
    use: (next: AckConnection | undefined): void => {
      connection = next
      underWay = new Map()
      held = new Map()
      send()
    },
    send,
    /** That a command is stored and why it waits, once for each reason; lost without a connection. */
    sendHeld: (commandId: string, detail: string): void => {
      if (connection === undefined || held.get(commandId) === detail) return
      held.set(commandId, detail)
      connection.send(toFrame({ commandId, status: 'received', detail }))
    },
    /** The backend asked again: whether it did so after the ack that is on its way, nobody knows. */
    sendAgain: (commandId: string): void => {
      underWay.delete(commandId)
      send()
    },
    /** For outcomes that are not kept; lost without a connection. */
    sendNow: (outcome: Outcome): void => connection?.send(toFrame(outcome)),
    sendPong: (): void => connection?.send(JSON.stringify({ type: 'pong' })),
  }
}

const toFrame = (outcome: Outcome): string => {
  const data: CommandAckData = {
    command_id: outcome.commandId,
    status: outcome.status,
    ...(outcome.finishedMs !== undefined && { completed_at: new Date(outcome.finishedMs).toISOString() }),
    ...(outcome.error !== undefined && { error: outcome.error }),
    ...(outcome.detail !== undefined && { detail: outcome.detail }),
    ...(outcome.scheduleId !== undefined && { schedule_id: outcome.scheduleId }),
    ...(outcome.sendAtMs !== undefined && { send_at: new Date(outcome.sendAtMs).toISOString() }),
  }
  return JSON.stringify({ type: 'command_ack', data })
}
