import type { Connections } from './connections.ts'

/** The way from a POST to the WebSocket of its agent, which in a backend of several replicas may be at another one. */
export type Router = {
  /**
   * This replica is about to take this connection in. Where others must know, the handshake waits for what comes back,
   * which takes a bounded time and never rejects.
   */
  readonly own: (agentId: string, generation: number) => Promise<void> | undefined
  /** The connection is in the map. */
  readonly taken: (agentId: string, generation: number) => void
  /** The connection has ended, or never came to be. */
  readonly release: (agentId: string, generation: number) => void
  /** Writes a text frame to the agent's connection. A promise only where it is elsewhere; bounded, and never rejects. */
  readonly send: (agentId: string, text: string, report: Report) => Promise<void> | undefined
  /** Gives up what is owned here. */
  readonly close: () => Promise<void>
}

/** Told of a frame: `lookedUp` once, then `settled` once. */
export type Report = {
  readonly lookedUp: (found: boolean) => void
  readonly settled: (outcome: Outcome) => void
}

/** `no-answer`: there is an owner, and it did not say in time that the frame was written. */
export type Outcome = 'written' | 'no-connection' | 'write-failed' | 'no-answer'

/** All connections are in this process: nobody has to be told or asked. */
export const createLocalRouter = (connections: Connections): Router => ({
  own: () => undefined,
  taken: () => undefined,
  release: () => undefined,
  send: (agentId, text, { lookedUp, settled }) => {
    const connection = connections.open(agentId)
    lookedUp(connection !== undefined)
    // Nobody waits for this: where the connection is stuck, the answer must still come.
    if (connection === undefined) settled('no-connection')
    else connection.ws.send(text, error => settled(error ? 'write-failed' : 'written'))
    return undefined
  },
  close: () => Promise.resolve(),
})
