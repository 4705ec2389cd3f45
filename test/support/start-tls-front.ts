import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import type { Certificate } from './make-certificate.ts'

/** TLS before a backend that has none, as a proxy is in front of most. `present` changes the certificate. */
export type TlsFront = {
  readonly port: number
  readonly present: (certificate: Certificate) => void
  readonly close: () => Promise<void>
}

export const startTlsFront = async (targetPort: number, certificate: Certificate): Promise<TlsFront> => {
  const sockets = new Set<net.Socket>()
  const track = (socket: net.Socket): void => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }
  const server = tls.createServer(certificate, client => {
    const target = net.connect(targetPort, '127.0.0.1')
    track(target)
    client.on('error', () => {})
    client.pipe(target).pipe(client)
    client.on('close', () => target.destroy())
    target.on('close', () => client.destroy())
  })
  server.on('connection', track)
  server.on('tlsClientError', () => {}) // a client that does not trust us
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    present: next => server.setSecureContext(next),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
