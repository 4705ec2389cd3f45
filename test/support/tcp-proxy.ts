import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A TCP proxy that can make the network misbehave. What it is told holds for open and coming connections alike. */
export type TcpProxy = {
  readonly port: number
  /** Connections accepted so far. */
  readonly accepted: () => number
  /** Forwards nothing any more, in neither direction, and no FIN or RST: open connections become half-open. */
  readonly pause: () => void
  /** Forwards what was held back, ends and resets included. */
  readonly resume: () => void
  /** Lets the client's next byte on a connection that is open now be answered by RST, as a server does that has gone. */
  readonly expire: () => void
  /** Makes the WebSockets that are open now half-open for good; what comes later, and requests, go on. */
  readonly strandWebSockets: () => void
  /** RST on the stranded ones, both sides. */
  readonly resetStranded: () => void
  /** RST on all open connections, both sides. */
  readonly reset: () => void
  /** Ends each connection after the target has sent this many bytes on it. */
  readonly cutAfter: (bytes: number) => void
  /** Forwards what the target sends byte by byte, with this pause after each. */
  readonly trickle: (everyMs: number) => void
  /** Holds each chunk back for this long, in both directions. */
  readonly latency: (ms: number) => void
  readonly close: () => Promise<void>
}

export const startTcpProxy = async (targetPort: number): Promise<TcpProxy> => {
  const sockets = new Set<net.Socket>()
  const pairs = new Set<Pair>()
  let accepted = 0
  let latencyMs = 0
  let trickleMs = 0
  let cut = Number.POSITIVE_INFINITY
  let gate = Promise.withResolvers<void>()
  gate.resolve()

  const track = (socket: net.Socket): net.Socket => {
    sockets.add(socket)
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }

  const carry = async (from: net.Socket, to: net.Socket, isAnswer: boolean, pair: Pair): Promise<void> => {
    let left = isAnswer ? cut : Number.POSITIVE_INFINITY
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        if (!isAnswer && pair.isExpired) reset(pair)
        if (!isAnswer) pair.isWebSocket ||= chunk.toString('latin1', 0, 4) === 'GET '
        await pair.passable
        if (latencyMs > 0) await sleep(latencyMs)
        for (const piece of isAnswer && trickleMs > 0 ? [...chunk].map(byte => Buffer.of(byte)) : [chunk]) {
          await gate.promise
          if (isAnswer) left = Math.min(left, cut)
          if (!to.write(piece.subarray(0, left))) await Promise.race([once(to, 'drain'), once(to, 'close')])
          left -= piece.length
          if (left <= 0) throw new Error('cut')
          if (isAnswer && trickleMs > 0) await sleep(trickleMs)
        }
      }
      await gate.promise
      await pair.passable
      to.end()
    } catch {
      await gate.promise
      await pair.passable
      to.end()
      from.destroy()
    }
  }

  const server = net.createServer({ allowHalfOpen: true }, client => {
    accepted += 1
    const target = net.connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true })
    track(client)
    track(target)
    const pair: Pair = { client, target, isWebSocket: false, isExpired: false, passable: undefined }
    pairs.add(pair)
    client.on('close', () => pairs.delete(pair))
    void carry(client, target, false, pair)
    void carry(target, client, true, pair)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as net.AddressInfo).port,
    accepted: () => accepted,
    pause: () => {
      gate = Promise.withResolvers()
    },
    resume: () => gate.resolve(),
    expire: () => {
      for (const pair of pairs) pair.isExpired = true
    },
    strandWebSockets: () => {
      for (const pair of pairs) if (pair.isWebSocket) pair.passable = new Promise(() => {})
    },
    resetStranded: () => {
      for (const pair of pairs) if (pair.passable !== undefined) reset(pair)
    },
    reset: () => {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    cutAfter: bytes => {
      cut = bytes
    },
    trickle: everyMs => {
      trickleMs = everyMs
    },
    latency: ms => {
      latencyMs = ms
    },
    close: async () => {
      gate.resolve()
      server.close()
      for (const socket of sockets) socket.destroy()
      if (server.listening) await once(server, 'close')
    },
  }
}

/** One connection. `passable` is what its bytes wait for, for ever where it is half-open. */
type Pair = {
  readonly client: net.Socket
  readonly target: net.Socket
  isWebSocket: boolean
  isExpired: boolean
  passable: Promise<never> | undefined
}

const reset = ({ client, target }: Pair): void => {
  client.resetAndDestroy()
  target.resetAndDestroy()
}
