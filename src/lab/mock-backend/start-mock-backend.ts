import { once, setMaxListeners } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, isIPv4, isIPv6, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import { MAX_FRAME_BYTES } from '../../protocol/wire.ts'
import { acceptUpgrade } from './accept-upgrade.ts'
import type { Replies } from './answer-post.ts'
import { answerRequest, type RequestContext, type Routes } from './answer-request.ts'
import { createAnswersByKey } from './answers-by-key.ts'
import { type Command, commandFrame, type Dialect } from './command-frame.ts'
import { type Connection, createConnections } from './connections.ts'
import { DEFAULT_REFLEX, DEFAULT_REPLIES } from './defaults.ts'
import type { Emit, MockBackendEvent } from './event.ts'
import { createFaults, type Faults } from './faults.ts'
import { logLine } from './log-line.ts'
import type { ReceivedMessage } from './read-message.ts'
import type { JoinReplicas } from './replicas.ts'
import { createLocalRouter, type Outcome } from './router.ts'

/** How many received messages are remembered, the newest. */
const MAX_RECEIVED = 10_000
const MAX_RECEIVED_LENGTH = 32_000_000
/** How long `close` waits for farewells before it ends every connection, in ms. */
const CLOSE_GRACE_MS = 500
/** `closeTimeout` (ms) is missing in the types of ws; hence not a literal at the call. */
const WEBSOCKET_OPTIONS = { noServer: true, maxPayload: MAX_FRAME_BYTES, closeTimeout: 1000 }

export type MockBackendOptions = {
  /** Default 127.0.0.1. Any host that is not this machine needs a secret. */
  readonly host?: string
  /** Default 0: any free port. */
  readonly port?: number
  /** Required on both roads, if set. */
  readonly secret?: string
  /** Time from the reflex to the answer, in ms. Default 0. */
  readonly thinkMs?: number | (() => number)
  /** First bubble, sent ahead over the WebSocket; undefined sends none. */
  readonly reflex?: string | ((message: ReceivedMessage) => string | undefined)
  /** The bubbles after the reflex; or from a function a whole answer, which is sent as it is. */
  readonly replies?: readonly string[] | ((message: ReceivedMessage) => Replies | Promise<Replies>)
  /** Whether a repeated `Idempotency-Key` gets the stored answer. Default true. */
  readonly idempotency?: boolean
  /** Whether a reflex names its message in `in_reply_to`, where the POST carried an `Idempotency-Key`. Default true. */
  readonly inReplyTo?: boolean | (() => boolean)
  /** `correlation` turns off what goes beyond `correlation.md`, the two options above included. Default `full`. */
  readonly dialect?: Dialect
  /** How to find the connections at other replicas. Without it there are none. */
  readonly join?: JoinReplicas
  /** Asked first for every request that is no upgrade. */
  readonly routes?: Routes
  readonly log?: (line: string) => void
  readonly onEvent?: (event: MockBackendEvent) => void
}

export type MockBackend = {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string
  readonly port: number
  readonly connections: ReadonlyMap<string, Connection>
  /** The POSTs that passed the door, in order, repetitions included; the newest 10,000, and no more than 32 million characters. */
  readonly received: readonly ReceivedMessage[]
  readonly faults: Faults
  /** Writes a command to an agent's connection here; its id comes back. Throws EdgeError `not-connected`. */
  readonly sendCommand: (agentId: string, command: Command) => string
  /** The same, on whichever replica the connection is. Rejects with EdgeError `not-connected` unless it was written. */
  readonly routeCommand: (agentId: string, command: Command) => Promise<string>
  /** Answers 503 to what is being thought about, closes every WebSocket with 1001, and frees the port. May be called twice. */
  readonly close: () => Promise<void>
}

/**
 * The backend's side of the protocol, on a real port.
 * @throws EdgeError `secret-required`, `port-in-use`, `cannot-listen`
 */
export const startMockBackend = async (options: MockBackendOptions = {}): Promise<MockBackend> => {
  const { host = '127.0.0.1', port = 0, dialect = 'full', reflex = DEFAULT_REFLEX, replies = DEFAULT_REPLIES } = options
  const { thinkMs = 0, inReplyTo = true } = options
  const secret = options.secret === '' ? undefined : options.secret
  if (secret === undefined && !isLoopback(host)) throw secretRequired(host)

  const full = dialect === 'full'
  const stopping = new AbortController()
  // Each POST that is being thought about listens to it.
  setMaxListeners(0, stopping.signal)

  const emit = createEmit(options)
  const connections = createConnections(happening => {
    emit(happening)
    if (happening.type === 'connected') router.taken(happening.agentId, happening.generation)
  }, full)
  const faults = createFaults(connections)
  const received: ReceivedMessage[] = []
  let receivedLength = 0
  const own = {
    connections,
    answers: full && (options.idempotency ?? true) ? createAnswersByKey(Date.now) : undefined,
    emit,
  }
  const { router, answers } = (await options.join?.(own)) ?? { ...own, router: createLocalRouter(connections) }

  const context: RequestContext = {
    secret,
    dialect,
    inReplyTo: () => full && (typeof inReplyTo === 'boolean' ? inReplyTo : inReplyTo()),
    thinkMs: typeof thinkMs === 'number' ? () => thinkMs : thinkMs,
    reflex: typeof reflex === 'string' ? () => reflex : reflex,
    replies: typeof replies === 'function' ? replies : () => replies,
    answers,
    connections,
    router,
    faults,
    emit,
    remember: message => {
      received.push(message)
      receivedLength += message.body.length
      while (received.length > MAX_RECEIVED || receivedLength > MAX_RECEIVED_LENGTH)
        receivedLength -= received.shift()?.body.length ?? 0
    },
    stop: stopping.signal,
    routes: options.routes ?? (() => false),
  }

  const webSockets = new WebSocketServer(WEBSOCKET_OPTIONS)
  const server = createServer((request, response) => void answerRequest(context, request, response))
  server.on('upgrade', (request, tcp, head) =>
    acceptUpgrade({ secret, server: webSockets, connections, router, faults, emit }, request, tcp, head),
  )
  const sockets = trackSockets(server)
  const bound = await listen(server, host, port).catch(async (error: unknown) => {
    await router.close()
    throw error
  })

  const close = async (): Promise<void> => {
    const closed = once(server, 'close')
    stopping.abort()
    server.close()
    for (const { ws } of connections.byAgent.values()) ws.close(1001, 'closing')
    await Promise.race([closed, sleep(CLOSE_GRACE_MS, undefined, { ref: false })])
    // What is left hangs, by a fault or by a client that does not let go.
    for (const socket of sockets) socket.destroy()
    await closed
    await router.close()
  }

  return {
    url: `http://${isIPv6(host) ? `[${host}]` : host}:${bound}`,
    port: bound,
    connections: connections.byAgent,
    received,
    faults,
    sendCommand: (agentId, command) => {
      const connection = connections.open(agentId)
      if (connection === undefined) throw new EdgeError('not-connected', `No open connection of ${agentId}.`)
      const { id, text } = commandFrame(command, dialect)
      connection.ws.send(text)
      emit({ type: 'command-sent', agentId, command_id: id, command, frame: text })
      return id
    },
    routeCommand: async (agentId, command) => {
      const { id, text } = commandFrame(command, dialect)
      const sending = Promise.withResolvers<Outcome>()
      void router.send(agentId, text, { lookedUp: () => undefined, settled: sending.resolve })
      const outcome = await sending.promise
      if (outcome !== 'written') throw new EdgeError('not-connected', NOT_WRITTEN[outcome](agentId))
      emit({ type: 'command-sent', agentId, command_id: id, command, frame: text })
      return id
    },
    close,
  }
}

const NOT_WRITTEN: Readonly<Record<Exclude<Outcome, 'written'>, (agentId: string) => string>> = {
  'no-connection': agentId => `No open connection of ${agentId}.`,
  'write-failed': agentId => `The connection of ${agentId} ended before the command was written.`,
  'no-answer': agentId => `The replica that has the connection of ${agentId} does not answer.`,
}

const createEmit =
  ({ log, onEvent }: MockBackendOptions): Emit =>
  happening => {
    const line = logLine(happening)
    if (line !== undefined) log?.(line)
    onEvent?.({ at: performance.timeOrigin + performance.now(), ...happening })
  }

/** All open sockets, upgraded ones included, which node:http no longer counts as its own. */
const trackSockets = (server: Server): ReadonlySet<Socket> => {
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  return sockets
}

/** Resolves to the port that was bound. */
const listen = async (server: Server, host: string, port: number): Promise<number> => {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (cause) {
    throw cannotListen(host, port, cause)
  }
  return (server.address() as AddressInfo).port // listening on TCP, hence neither null nor a pipe's name
}

const cannotListen = (host: string, port: number, cause: unknown): EdgeError =>
  cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
    ? new EdgeError('port-in-use', `Port ${port} on ${host} is taken.`, {
        remedy: 'Stop the program that listens there, or choose another port.',
        cause,
      })
    : new EdgeError('cannot-listen', `Cannot listen on ${host}, port ${port}: ${String(cause)}`, {
        remedy: 'Choose an address of this machine and a port that you may use.',
        cause,
      })

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))

const secretRequired = (host: string): EdgeError =>
  new EdgeError('secret-required', `Others can reach ${host}, so a secret is needed.`, {
    remedy: 'Set a secret, or listen on 127.0.0.1.',
    exit: EXIT.usage,
  })
