import { once } from 'node:events'
import net from 'node:net'

/**
 * A TCP proxy as far away as `oneWayMs`: whatever goes through arrives that much later, in order. A client's first bytes
 * come a round trip later still: that is TCP's own handshake, which takes no time on one machine.
 */
export const startFarProxy = async (targetPort: number, oneWayMs: number) => {
  const sockets = new Set<net.Socket>()
  const carry = (from: net.Socket, to: net.Socket, handshakeMs: number): void => {
    const readyAt = performance.now() + handshakeMs
    const later = (act: () => void): void => {
      setTimeout(act, oneWayMs + Math.max(0, readyAt - performance.now()))
    }
    from.on('data', chunk => later(() => to.write(chunk)))
    from.on('end', () => later(() => to.end()))
    from.on('error', () => {})
    from.on('close', () => {
      sockets.delete(from)
      later(() => to.destroy())
    })
    sockets.add(from)
  }
  const server = net.createServer({ noDelay: true }, client => {
    const target = net.connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    carry(client, target, 2 * oneWayMs)
    carry(target, client, 0)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    close: (): void => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
