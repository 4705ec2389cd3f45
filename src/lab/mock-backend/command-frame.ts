import { randomUUID } from 'node:crypto'
import type { CommandData } from '../../protocol/wire.ts'

/** `full`: all of the protocol. `correlation`: only what its first description knows, and a clock without a zone. */
export const DIALECTS = ['full', 'correlation'] as const
export type Dialect = (typeof DIALECTS)[number]

/** A command as a caller gives it; what is left out is filled in. */
export type Command = Pick<CommandData, 'command_type' | 'payload'> & Partial<CommandData>

/** The frame of a command, and the id under which it will be acked. */
export const commandFrame = (command: Command, dialect: Dialect): { readonly id: string; readonly text: string } => {
  const data = {
    command_id: randomUUID(),
    priority: 'immediate',
    timestamp: timestamp(new Date(), dialect),
    ...command,
  }
  return { id: data.command_id, text: JSON.stringify({ type: 'command', data }) }
}

const timestamp = (now: Date, dialect: Dialect): string => {
  if (dialect === 'full') return now.toISOString()
  // Python's datetime.now().isoformat(): local time, microseconds, no zone.
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000)
  return `${local.toISOString().slice(0, -1)}000`
}
