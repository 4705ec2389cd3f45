import type { Bench, IdIn } from './bench.ts'
import type { Connection, Dial } from './edge-client.ts'
import { pause } from './until.ts'

/** One agent's way to the backend: a single connection at a time, kept from one trial to the next. */
export type Line = {
  readonly agentId: string
  /** The connection that is open, or a new one. */
  readonly dial: () => Promise<Dial>
  /** The same; undefined where none can be had. */
  readonly open: () => Promise<Connection | undefined>
  /** Ends it in order, and gives the backend the time to notice. */
  readonly hangUp: () => Promise<void>
}

export const createLine = (bench: Bench, agentId: string, idIn: IdIn): Line => {
  let connection: Connection | undefined
  const dial = async (): Promise<Dial> => {
    if (connection?.isOpen()) return { kind: 'open', connection }
    const dialled = await bench.dial(agentId, idIn)
    connection = dialled.kind === 'open' ? dialled.connection : undefined
    return dialled
  }
  return {
    agentId,
    dial,
    open: async () => {
      const dialled = await dial()
      return dialled.kind === 'open' ? dialled.connection : undefined
    },
    hangUp: async () => {
      await connection?.close()
      await pause(bench.timings.settleMs, bench.signal)
    },
  }
}
