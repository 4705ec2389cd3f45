import { type ParsedFrame, parseFrame } from '../../protocol/parse-frame.ts'
import { fromIdempotencyKey } from '../../protocol/wire.ts'
import { bindReflex, OTHERS, type ReflexDecision } from '../core/bind-reflex.ts'
import { MESSAGE_UNSENT, unsendable } from '../core/bubble.ts'
import type { Log } from '../core/log.ts'
import { isBlank, says } from '../core/says.ts'
import { splitText } from '../core/split-text.ts'
import type { CommandRole } from '../store/commands.ts'
import type { Store } from '../store/open-store.ts'
import { cancelScheduled, type SchedulingNeeds, scheduleMessage } from './schedule-message.ts'
import type { Acked } from './send-acks.ts'

type Command = Extract<ParsedFrame, { kind: 'command' }>
type Obeyed = Extract<ParsedFrame, { kind: 'command' | 'schedule' | 'cancel' | 'bad-command' }>

export type CommandNeeds = {
  readonly transaction: <T>(work: () => T) => T
  readonly commands: Pick<Store['commands'], 'find' | 'add' | 'finish' | 'oweAck' | 'forgetRefused' | 'unmatched'>
  readonly inbox: Pick<Store['inbox'], 'idOf' | 'threadIdOf' | 'postedById' | 'posted'>
  readonly outbox: Pick<Store['outbox'], 'planCommand' | 'hurryFirst'>
  readonly lines: Pick<Store['lines'], 'isStock'>
  readonly scheduling: SchedulingNeeds
  /** Why this may not be sent there now; undefined where it may. */
  readonly refuse: (threadId: string, text: string) => string | undefined
  /** Whether one more command that changes nothing is worth a row of the database: of a flood it is not. */
  readonly mayKeepRefusal: () => boolean
  /** Why what waits in a thread is held back, if it is. */
  readonly heldBy: (threadId: string) => string | undefined
  readonly hash: (text: string) => string
  readonly now: () => number
  readonly settings: {
    readonly match: 'text' | 'position'
    readonly windowMs: number
    /** Of a bubble, in UTF-16 units. */
    readonly maxLength: number
  }
  /** Stores the intent to send what is next in the thread, where it may go now; what it returns begins the send. */
  readonly intend: (threadId: string) => () => void
  readonly acks: {
    /** Tells the backend of an outcome that is not kept. */
    readonly sendNow: (outcome: Acked) => void
    /** Tells the backend that a command is stored and waits. */
    readonly sendHeld: (commandId: string, detail: string) => void
    /** Sends what is owed, and that of this command even if one is on its way. */
    readonly sendAgain: (commandId: string) => void
    readonly sendPong: () => void
  }
  readonly count: (name: string) => void
  readonly log: Log
}

/**
 * One frame from the backend → command → bubble → outcome. Synchronous: when it returns, the command is on the disk,
 * and its send has begun if its thread was free.
 */
export const executeCommand = (text: string, needs: CommandNeeds): void => {
  const parsed = parseFrame(text)
  switch (parsed.kind) {
    case 'pong':
      break
    case 'ping':
      needs.acks.sendPong()
      break
    case 'noise':
      needs.log.warn({ reason: parsed.reason, bytes: text.length }, 'frame ignored')
      break
    case 'bad-id':
      needs.log.warn({ error: 'invalid_command_id', detail: parsed.detail }, 'command refused')
      needs.acks.sendNow({
        commandId: parsed.commandId,
        status: 'failed',
        error: 'invalid_command_id',
        detail: parsed.detail,
      })
      break
    case 'bad-command':
    case 'command':
    case 'schedule':
    case 'cancel':
      obey(parsed, needs)
      break
  }
}

const obey = (parsed: Obeyed, needs: CommandNeeds): void => {
  const { command } = parsed
  const digest = needs.hash(JSON.stringify([command.command_type, asks(parsed)]))
  const commandId = command.command_id
  // The command and the intent to send it are one commit: each costs the time of the disk.
  const { kept, begin } = needs.transaction(() => ({
    kept: keep(parsed, digest, needs),
    begin: parsed.kind === 'command' ? needs.intend(parsed.send.thread_id) : () => {},
  }))
  begin()

  if (kept.kind === 'accepted') {
    needs.log.info({ commandId, reflex: kept.isReflex, rule: kept.rule }, 'command accepted')
  } else if (kept.kind === 'refused') {
    const { error, detail, isKept } = kept
    needs.log.warn({ commandId, error, detail }, 'command refused')
    if (!isKept) needs.acks.sendNow({ commandId, status: 'failed', error, ...(detail !== undefined && { detail }) })
  } else if (kept.kind === 'idle') {
    needs.acks.sendNow({ commandId, status: 'completed', detail: 'cancelled' })
  } else if (kept.kind === 'conflict') {
    needs.log.warn({ commandId }, 'command id used again for something else')
    needs.acks.sendNow({
      commandId,
      status: 'failed',
      error: 'conflict',
      detail: 'this command_id was used for something else',
    })
  }
  const outcome = needs.commands.find(commandId)
  if (outcome?.status === 'received') {
    const held = parsed.kind === 'command' ? needs.heldBy(parsed.send.thread_id) : undefined
    // Who asks again is told again.
    if (held !== undefined && kept.kind !== 'again') needs.acks.sendHeld(commandId, held)
    else {
      const detail = held === undefined ? parsed.kind === 'schedule' && scheduled(commandId, needs) : { detail: held }
      needs.acks.sendNow({ commandId, status: 'received', ...detail })
    }
  }
  if (kept.kind === 'again') needs.acks.sendAgain(commandId)
}

/** What makes it the same command. */
const asks = (parsed: Obeyed): unknown => {
  switch (parsed.kind) {
    case 'command':
      return [parsed.send.thread_id, parsed.send.text]
    case 'schedule': {
      const { threadId, text, sendAtMs, scheduleId } = parsed.schedule
      return [threadId, text, sendAtMs, scheduleId]
    }
    case 'cancel':
      return [parsed.cancel.scheduleId, parsed.cancel.commandId]
    case 'bad-command':
      return parsed.error // its payload may be nested too deep to be written out again
  }
}

/** What its ack says of a message for later. */
const scheduled = (commandId: string, { scheduling }: CommandNeeds) => {
  const { scheduleId, sendAtMs } = scheduling.schedules.ofCommand(commandId) ?? {}
  if (scheduleId === undefined || sendAtMs === undefined) return {}
  return { detail: 'scheduled', scheduleId, sendAtMs }
}

type Kept =
  | { readonly kind: 'accepted'; readonly isReflex: boolean; readonly rule: string | undefined }
  | { readonly kind: 'refused'; readonly error: string; readonly detail?: string; readonly isKept: boolean }
  /** A cancellation that changes nothing, one of so many that it is not kept. */
  | { readonly kind: 'again' | 'conflict' | 'idle' }

/** The command, or what is wrong with it, in the caller's transaction. */
const keep = (parsed: Obeyed, digest: string, needs: CommandNeeds): Kept => {
  const { command_id: commandId, command_type: type } = parsed.command
  const known = needs.commands.find(commandId) // R1
  if (known !== undefined) {
    if (known.digest !== digest) return { kind: 'conflict' }
    needs.commands.oweAck(commandId)
    return { kind: 'again' }
  }
  const reject = ({ error, detail }: { readonly error: string; readonly detail?: string }): Kept => {
    const isKept = needs.mayKeepRefusal()
    if (isKept) {
      needs.commands.add({ commandId, commandType: type.slice(0, 100), digest, role: 'plain', nowMs: needs.now() })
      needs.commands.finish(commandId, 'failed', needs.now(), error, detail)
      needs.commands.forgetRefused(KEPT_REFUSALS)
    }
    return { kind: 'refused', error, isKept, ...(detail !== undefined && { detail }) }
  }
  const add = (threadId?: string): Kept => {
    const thread = threadId !== undefined && { threadId }
    needs.commands.add({ commandId, commandType: type, digest, role: 'plain', nowMs: needs.now(), ...thread })
    return { kind: 'accepted', isReflex: false, rule: undefined }
  }
  switch (parsed.kind) {
    case 'bad-command':
      return reject(parsed)
    case 'schedule': {
      const refusal = scheduleMessage(parsed, needs.scheduling)
      return refusal === undefined ? add(parsed.schedule.threadId) : reject(refusal)
    }
    case 'cancel': {
      const end = cancelScheduled(parsed, needs.scheduling)
      if ('error' in end) return reject(end)
      if (end.endedCommand === undefined && !needs.mayKeepRefusal()) return { kind: 'idle' }
      const at = needs.scheduling.clock()
      if (end.endedCommand !== undefined) needs.commands.finish(end.endedCommand, 'failed', at, 'cancelled')
      const accepted = add()
      needs.commands.finish(commandId, 'completed', at, undefined, 'cancelled')
      return accepted
    }
    case 'command': {
      const refusal = refuse(parsed, needs)
      return refusal === undefined ? accept(parsed, digest, needs) : reject(refusal)
    }
  }
}

/** Of the refused commands so many are remembered. */
const KEPT_REFUSALS = 2_000

/** Checks that need more than the frame itself. */
const refuse = ({ send }: Command, needs: CommandNeeds): { error: string; detail?: string } | undefined => {
  const bad = isBlank(send.text) ? 'text_is_blank' : unsendable(send.text)
  if (bad !== undefined) return { error: 'invalid_payload', detail: bad }
  const refusal = needs.refuse(send.thread_id, send.text)
  return refusal === undefined ? undefined : { error: refusal }
}

/** The R table, and what follows from it, in the caller's transaction. */
const accept = ({ command, send }: Command, digest: string, needs: CommandNeeds): Kept => {
  const { commands, outbox } = needs
  const now = needs.now()
  const reflexSays = says(send.text)
  const isReflex = send.bubble_type === 'reflex'
  const decision = isReflex ? decide(send, reflexSays, needs) : undefined

  const messageId = decision !== undefined && 'messageId' in decision ? decision.messageId : undefined
  const answers = isReflex ? (messageId ?? awaiting(send.thread_id, needs)) : undefined
  const bubbleId =
    decision === undefined || decision.act === 'send'
      ? outbox.planCommand({
          threadId: send.thread_id,
          commandId: command.command_id,
          text: send.text,
          says: reflexSays,
          parts: splitText(send.text, needs.settings.maxLength),
          immediate: isReflex || command.priority === 'immediate',
          now,
          ...(answers !== undefined && { answers }),
        })
      : undefined
  commands.add({
    commandId: command.command_id,
    commandType: command.command_type,
    digest,
    threadId: send.thread_id,
    says: reflexSays,
    role: roleAfter(decision),
    nowMs: now,
    ...(decision !== undefined && { rule: decision.rule }),
    ...(messageId !== undefined && { messageId }),
    ...(bubbleId !== undefined && { bubbleId }),
    ...(decision?.act === 'bind' && decision.bond !== 'firm' && { bond: decision.bond, heldText: send.text }),
    ...(decision !== undefined && 'mayBeOthers' in decision && decision.mayBeOthers && { bond: OTHERS }),
  })
  if (decision?.act === 'bind') outbox.hurryFirst(decision.messageId)
  if (decision?.act === 'refuse') {
    commands.finish(command.command_id, 'failed', now, MESSAGE_UNSENT)
    return { kind: 'refused', error: MESSAGE_UNSENT, isKept: true }
  }
  if (bubbleId === undefined) {
    commands.finish(command.command_id, 'completed', now, undefined, 'deduplicated')
    needs.count('reflex.deduplicated')
  }
  return { kind: 'accepted', isReflex, rule: decision?.rule }
}

const decide = (
  send: Command['send'],
  reflexSays: string,
  { inbox, commands, lines, hash, settings, now }: CommandNeeds,
): ReflexDecision => {
  const since = now() - settings.windowMs
  const namedId = send.in_reply_to ? inbox.idOf(fromIdempotencyKey(send.in_reply_to)) : undefined
  const isHere = namedId !== undefined && inbox.threadIdOf(namedId) === send.thread_id
  const named = isHere ? inbox.postedById(namedId) : undefined
  return bindReflex(
    {
      says: reflexSays,
      isStock: () => lines.isStock(hash(reflexSays)),
      ...(named !== undefined && { named }),
    },
    { messages: inbox.posted(send.thread_id, since), unmatched: commands.unmatched(send.thread_id, since) },
    { match: settings.match, windowMs: settings.windowMs, now: now() },
  )
}

/** For which message of several that are in flight a reflex is that names none: it goes to the chat of that one. */
const awaiting = (threadId: string, { inbox, commands, now }: CommandNeeds): number | undefined => {
  const at = now()
  const without = inbox.posted(threadId, at).filter(({ answer, hasOwn, unsent }) => !answer && !hasOwn && !unsent)
  const loose = commands.unmatched(threadId, at).length
  return without[Math.min(loose, without.length - 1)]?.id
}

const roleAfter = (decision: ReflexDecision | undefined): CommandRole => {
  if (decision === undefined) return 'plain'
  if (decision.act === 'refuse') return 'held'
  return 'messageId' in decision ? 'bound' : 'unmatched'
}
