import type { CommandAckData } from '../../protocol/wire.ts'
import type { CommandOutcome } from '../store/commands.ts'
import type { Store } from '../store/open-store.ts'

/** An outcome; of a message for later also its name and when it is to be sent, in Unix milliseconds. */
export type Acked = CommandOutcome & { readonly scheduleId?: string; readonly sendAtMs?: number }

/** The open connection, as far as acks are concerned. */
export type AckConnection = { readonly send: (text: string, onDelivered?: () => void) => void }

export type AckNeeds = {
  readonly commands: Pick<Store['commands'], 'acksOwed' | 'ackDelivered'>
  readonly transaction: <T>(work: () => T) => T
}

/** Outcomes → the connection. A final outcome is owed until the backend's side has provably received its ack. */
export const createAcks = ({ commands, transaction }: AckNeeds) => {
  let connection: AckConnection | undefined
  /** The latest ack of each command that is on its way over this connection. */
  let underWay = new Map<string, Acked>()
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
        // Only so many are under way at once: with this commit others are.
        transaction(() => commands.ackDelivered(commandId, status))
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
    /** Sends what is owed. */
    wake: send,
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
    sendNow: (outcome: Acked): void => connection?.send(toFrame(outcome)),
    sendPong: (): void => connection?.send(JSON.stringify({ type: 'pong' })),
  }
}

const toFrame = (outcome: Acked): string => {
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
