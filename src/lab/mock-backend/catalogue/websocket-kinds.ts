import { z } from 'zod'
import { EdgeError } from '../../../agent/core/errors.ts'
import { answerUpgrade, BROKEN_FRAMES, stallUpgrade } from '../socket-faults.ts'
import { type FaultKind, faultKind, type Laid, type LaidAim, type Lift, milliseconds, type Rig } from './fault-kind.ts'

/** When a fault of a connection strikes. */
const when = {
  at: z
    .enum(['now', 'connect', 'post'])
    .default('now')
    .describe('now, at each new connection, or at each POST from the agent'),
  afterMs: milliseconds.default(0).describe('this many ms later'),
}

type When = { readonly at: 'now' | 'connect' | 'post'; readonly afterMs: number }

/** What can be wrong with an agent's WebSocket. */
export const WEBSOCKET_KINDS: readonly FaultKind[] = [
  faultKind({
    name: 'terminate',
    group: 'WebSocket',
    title: 'Drop the WebSocket',
    hint: 'TCP ends without a close frame: the agent sees 1006.',
    params: when,
    lay: (rig, aim, at) => strike(rig, aim, at, agentId => void rig.faults.socket.terminate(agentId)),
  }),
  faultKind({
    name: 'close',
    group: 'WebSocket',
    title: 'Close with a code',
    hint: '1012 and 1001: a restart. 4401: a wrong secret. 4409: another agent with the same id. 1011, 1013, 4000 …',
    params: {
      code: z
        .int()
        .refine(isSendable, 'a close code that may be sent: 1000 to 1003, 1007 to 1014, 3000 to 4999')
        .default(1012)
        .describe('close code'),
      reason: z.string().max(100).default('').describe('reason'),
      ...when,
    },
    lay: (rig, aim, { code, reason, ...at }) =>
      strike(rig, aim, at, agentId => void rig.faults.socket.close(code, reason, agentId)),
  }),
  faultKind({
    name: 'close-keep-tcp',
    group: 'WebSocket',
    title: 'Close, but leave TCP open',
    hint: 'A close frame, and then nothing: the closing handshake never completes.',
    params: { code: z.int().min(1000).max(4999).default(1012).describe('close code'), ...when },
    lay: (rig, aim, { code, ...at }) =>
      strike(rig, aim, at, agentId => void rig.faults.socket.closeButKeepTcp(code, agentId)),
  }),
  faultKind({
    name: 'freeze',
    group: 'WebSocket',
    title: 'Freeze the WebSocket',
    hint: 'No pong, no ack, like a process that hangs; what the backend writes still goes out.',
    params: {
      forMs: milliseconds.default(0).describe('ms until it continues; 0: until it is turned off'),
      ending: z.enum(['thaw', 'reset']).default('thaw').describe('what happens after that time'),
      ...when,
    },
    lay: (rig, aim, { forMs, ending, ...at }) => {
      const { socket } = rig.faults
      const end = ending === 'thaw' ? socket.thaw : socket.terminate
      return hold(rig, aim, at, { forMs, begin: socket.freeze, end, undo: socket.thaw })
    },
  }),
  faultKind({
    name: 'half-open',
    group: 'WebSocket',
    title: 'Half-open connection',
    hint: 'Nothing gets through in either direction, and no side notices; a reflex is "sent" but never arrives.',
    params: { forMs: milliseconds.default(0).describe('ms until it continues; 0: until it is turned off'), ...when },
    lay: (rig, aim, { forMs, ...at }) => {
      const { cut, mend } = rig.faults.socket
      return hold(rig, aim, at, { forMs, begin: cut, end: mend, undo: mend })
    },
  }),
  faultKind({
    name: 'upgrade-status',
    group: 'WebSocket',
    title: 'Refuse the WebSocket',
    hint: 'Each new connection gets a status: 503 with Retry-After, 401, 403, 404, or 200. Open ones are ended first.',
    params: {
      status: z.int().min(200).max(599).default(503),
      retryAfter: z.string().max(200).describe('Retry-After, as it is sent').optional(),
      endOpen: z.boolean().default(true).describe('end the open connection first'),
    },
    lay: (rig, aim, { status, retryAfter, endOpen }) => {
      const headers: Record<string, string> = retryAfter ? { 'Retry-After': retryAfter } : {}
      const lift = rig.faults.upgrade.push({ ...aim, effect: answerUpgrade(status, headers) })
      if (endOpen) rig.faults.socket.terminate(aim.agentId)
      return { lift }
    },
  }),
  faultKind({
    name: 'upgrade-stall',
    group: 'WebSocket',
    title: 'Stall the WebSocket',
    hint: 'A new connection is never answered, until the agent gives up. The open one is ended first.',
    params: { endOpen: z.boolean().default(true).describe('end the open connection first') },
    lay: (rig, aim, { endOpen }) => {
      const lift = rig.faults.upgrade.push({ ...aim, effect: stallUpgrade })
      if (endOpen) rig.faults.socket.terminate(aim.agentId)
      return { lift }
    },
  }),
  faultKind({
    name: 'broken-frame',
    group: 'WebSocket',
    title: 'Send a broken frame',
    hint: 'Invalid UTF-8, an unknown opcode, a masked or truncated frame, one of 300 KiB.',
    params: {
      form: z
        .enum(['invalid-utf8', 'bad-opcode', 'masked', 'truncated', 'oversized'])
        .default('invalid-utf8')
        .describe('what is wrong with it'),
      ...when,
    },
    lay: (rig, aim, { form, ...at }) =>
      strike(rig, aim, at, agentId => void rig.faults.socket.sendBytes(FRAMES[form], agentId)),
  }),
  faultKind({
    name: 'odd-command',
    group: 'WebSocket',
    title: 'Send an odd command',
    hint: 'A well-formed frame without meaning: unknown types, invalid ids and texts.',
    params: {
      form: z
        .enum([
          'not-json',
          'unknown-type',
          'unknown-command',
          'no-id',
          'number-id',
          'bad-thread',
          'huge-text',
          'no-text',
        ])
        .default('unknown-command')
        .describe('what is odd about it'),
      ...when,
    },
    lay: (rig, aim, { form, ...at }) =>
      strike(rig, aim, at, agentId => void rig.faults.socket.sendText(ODD_COMMANDS[form](), agentId)),
  }),
  faultKind({
    name: 'odd-text',
    group: 'WebSocket',
    title: 'Send an odd text',
    hint: 'A command to send an empty text, a NUL or a lone surrogate to the given thread.',
    params: {
      form: z.enum(['empty', 'blank', 'nul', 'lone-surrogate']).default('empty').describe('what is odd about it'),
      to: z.string().min(1).max(256).describe('thread to send it to'),
      ...when,
    },
    lay: (rig, aim, { form, to, ...at }) =>
      strike(rig, aim, at, agentId => void rig.faults.socket.sendText(command(to, ODD_TEXTS[form]), agentId)),
  }),
  faultKind({
    name: 'frame-flood',
    group: 'WebSocket',
    title: 'Flood of frames',
    hint: 'Many small frames per second, of an unknown type.',
    params: {
      perSecond: z.int().min(1).max(20_000).default(10_000).describe('frames per second'),
      duringMs: milliseconds.min(1).max(60_000).default(1000).describe('for this many ms'),
      ...when,
    },
    lay: (rig, aim, { perSecond, duringMs, ...at }) =>
      strike(rig, aim, at, agentId => floodFrames(rig, agentId, perSecond, duringMs)),
  }),
]

const strike = (rig: Rig, aim: LaidAim, { at, afterMs }: When, act: (agentId: string) => Lift | undefined): Laid => {
  const undo: Lift[] = []
  const timers = new Set<NodeJS.Timeout>()
  const soon = (agents: readonly string[], then: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      undo.push(...agents.flatMap(agentId => act(agentId) ?? []))
      then()
    }, afterMs)
    timers.add(timer.unref())
  }
  const lift = (): void => {
    for (const timer of timers) clearTimeout(timer)
    for (const lift of undo.splice(0)) lift()
  }
  if (at !== 'now') {
    const unqueue = rig.sockets.push({ ...aim, on: at, act: agentId => soon([agentId], () => {}) })
    return {
      // What has struck already still comes.
      lift: why => {
        unqueue()
        if (why === 'lifted') lift()
      },
    }
  }
  const agents = rig.connected().filter(agentId => aim.agentId === undefined || aim.agentId === agentId)
  if (agents.length === 0) throw nobodyThere(aim.agentId)
  soon(agents, () => agents.forEach(agentId => void aim.onStrike?.({ agentId })))
  return { lift }
}

const nobodyThere = (agentId: string | undefined): EdgeError =>
  new EdgeError('not-connected', agentId === undefined ? 'No agent is connected.' : `${agentId} is not connected.`, {
    remedy: 'Wait until it connects, or let the fault strike at the next connection: at = "connect".',
  })

/** Something that begins and may end by itself. */
const hold = (
  rig: Rig,
  aim: LaidAim,
  at: When,
  { forMs, begin, end, undo }: { readonly forMs: number } & Record<'begin' | 'end' | 'undo', (agentId: string) => void>,
): Laid => {
  const laid = strike(rig, aim, at, agentId => {
    begin(agentId)
    const stop = (): void => {
      end(agentId)
      if (at.at === 'now') aim.finish()
    }
    const timer = forMs > 0 ? setTimeout(stop, forMs).unref() : undefined
    return () => {
      clearTimeout(timer)
      undo(agentId)
    }
  })
  return { ...laid, lasts: true }
}

const FRAMES = {
  'invalid-utf8': BROKEN_FRAMES.invalidUtf8,
  'bad-opcode': BROKEN_FRAMES.badOpcode,
  masked: BROKEN_FRAMES.masked,
  truncated: BROKEN_FRAMES.truncated,
  oversized: BROKEN_FRAMES.oversized,
}

/** To nobody: should an agent take one of them for good, no person gets it. */
const NOBODY = 'nobody@example.invalid'

const command = (thread_id: unknown, text: unknown, data: object = {}): string =>
  JSON.stringify({
    type: 'command',
    data: {
      command_id: `odd-${crypto.randomUUID()}`,
      command_type: 'send_message_now',
      payload: { thread_id, text },
      ...data,
    },
  })

const ODD_COMMANDS = {
  'not-json': () => '{"type":"comm',
  'unknown-type': () => '{"type":"celebrate","data":{"how":"loudly"}}',
  'unknown-command': () => command(NOBODY, 'hi', { command_type: 'make_coffee' }),
  'no-id': () => command(NOBODY, 'hi', { command_id: undefined }),
  'number-id': () => command(NOBODY, 'hi', { command_id: 7 }),
  'bad-thread': () => command({ not: 'a thread' }, 'hi'),
  'huge-text': () => command(NOBODY, 'a'.repeat(100_000)),
  'no-text': () => command(NOBODY, undefined),
}

const ODD_TEXTS = { empty: '', blank: ' \n ', nul: 'before\0after', 'lone-surrogate': 'half a face: \ud83d' }

const floodFrames = ({ faults }: Rig, agentId: string, perSecond: number, forMs: number): Lift => {
  const began = performance.now()
  let sent = 0
  const timer = setInterval(() => {
    const ms = Math.min(performance.now() - began, forMs)
    for (; sent < (perSecond * ms) / 1000; sent += 1) faults.socket.sendText('{"type":"noise"}', agentId)
    if (ms >= forMs) clearInterval(timer)
  }, 10)
  timer.unref()
  return () => clearInterval(timer)
}

function isSendable(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999)
}
