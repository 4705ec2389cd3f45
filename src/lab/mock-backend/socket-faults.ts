import { STATUS_CODES } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { MAX_FRAME_BYTES } from '../../protocol/wire.ts'
import type { Connection, Connections } from './connections.ts'

/** What happens to an upgrade request instead of the WebSocket. */
export type UpgradeEffect = (tcp: Duplex) => void

/** An HTTP answer in the place of the upgrade, 200 included; then the connection ends. */
export const answerUpgrade =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): UpgradeEffect =>
  tcp => {
    const lines = Object.entries({ Connection: 'close', 'Content-Length': String(Buffer.byteLength(body)), ...headers })
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    // The server's sockets may stay half open, and would until the client ends its side.
    tcp.once('finish', () => tcp.destroy())
    tcp.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head}\r\n${body}`)
  }

/** No answer to the upgrade until the client or the backend gives up. */
export const stallUpgrade: UpgradeEffect = tcp => {
  // Nobody else reads from it, and unread it would never end.
  tcp.once('end', () => tcp.destroy()).resume()
}

/** The end of TCP (RST) in the place of an answer. */
export const resetUpgrade: UpgradeEffect = tcp => {
  if (tcp instanceof Socket) tcp.resetAndDestroy()
  else tcp.destroy()
}

/** Frames that no client has to put up with, for `sendBytes`. */
export const BROKEN_FRAMES = {
  invalidUtf8: Buffer.from([0x81, 0x02, 0xc3, 0x28]),
  badOpcode: Buffer.from([0x83, 0x00]),
  masked: Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x7b]),
  /** Promises a hundred bytes and brings five: only a later frame, or the end, shows that it is broken. */
  truncated: Buffer.concat([Buffer.from([0x81, 100]), Buffer.from('{"typ')]),
  /** A text frame, well-formed, of 44 KiB more than either side accepts. */
  oversized: textFrame(MAX_FRAME_BYTES + 44 * 1024),
} as const

/** Faults of the connections that are open, of one agent or of all. */
export const createSocketFaults = (connections: Connections) => {
  const each = (agentId: string | undefined, act: (connection: Connection) => void): void => {
    for (const connection of connections.byAgent.values())
      if (agentId === undefined || connection.agentId === agentId) act(connection)
  }

  return {
    /** The closing handshake, begun by the backend. Codes that may not be sent (1005, 1006, 1015) throw. */
    close: (code: number, reason = '', agentId?: string): void => each(agentId, ({ ws }) => ws.close(code, reason)),

    /** The end of TCP without a word: the agent sees 1006. */
    terminate: (agentId?: string): void => each(agentId, ({ ws }) => ws.terminate()),

    /** A close frame, after which TCP is left open: the end of a handshake that never comes. */
    closeButKeepTcp: (code: number, agentId?: string): void =>
      each(agentId, ({ ws, tcp }) => {
        ws.pause()
        tcp.write(Buffer.from([0x88, 0x02, code >> 8, code & 0xff]))
      }),

    /** Stops reading, as a process that hangs does: no pong, no ack, no end. What the backend writes still goes out. */
    freeze: (agentId?: string): void => each(agentId, ({ ws }) => ws.pause()),

    thaw: (agentId?: string): void => each(agentId, ({ ws }) => ws.resume()),

    /** Neither reads nor lets out what is written: a network that is cut somewhere on the way. */
    cut: (agentId?: string): void =>
      each(agentId, ({ ws, tcp }) => {
        ws.pause()
        tcp.cork()
      }),

    mend: (agentId?: string): void =>
      each(agentId, ({ ws, tcp }) => {
        tcp.uncork()
        ws.resume()
      }),

    /** Bytes straight onto TCP, beneath the WebSocket. */
    sendBytes: (bytes: Uint8Array, agentId?: string): void => each(agentId, ({ tcp }) => tcp.write(bytes)),

    /** A text frame that says this, whether or not it is JSON. */
    sendText: (text: string, agentId?: string): void => each(agentId, ({ ws }) => ws.send(text)),
  }
}

/** A text frame of this many bytes of `a`, with the 64-bit length that 64 KiB and more need. */
function textFrame(bytes: number): Buffer {
  const head = Buffer.alloc(10)
  head.writeUInt16BE(0x817f)
  head.writeBigUInt64BE(BigInt(bytes), 2)
  return Buffer.concat([head, Buffer.alloc(bytes, 'a')])
}
