import type { MessageRequest } from '../../../protocol/wire.ts'
import type { MockBackendEvent } from '../event.ts'
import type { FaultStrike } from '../lay-faults.ts'
import { parseJson } from '../parse-json.ts'

/** How many messages and commands are kept, the newest; and of each, steps and frames. */
const MAX_ITEMS = 500
const MAX_STEPS = 60
const MAX_FRAMES = 20
/** Longest texts that are kept as they came, in UTF-16 units. All of it together stays below a hundred megabytes. */
const MAX_TEXT = 8 * 1024
const MAX_FRAME = 4 * 1024
const MAX_LABEL = 300

/** A message that was POSTed, with all repetitions under its key; or a command that a person sent from here. */
export type JournalItem = {
  readonly id: number
  readonly kind: 'message' | 'command'
  readonly agent: string
  readonly thread: string
  readonly sender: string
  readonly text: string
  readonly key: string | undefined
  /** Unix milliseconds of the first POST, or of the command. */
  readonly at: number
  readonly state: ItemState
  readonly posts: number
  /**
   * Since `at`, in ms: the reflex written, the first bubble seen by the person (where somebody tells), the first command
   * acked as completed, the answer out.
   */
  readonly reflexMs?: number
  readonly seenMs?: number
  readonly ackMs?: number
  readonly answerMs?: number
  readonly steps: readonly Step[]
  /** The newest POST and the newest answer, as they were. */
  readonly body?: string
  readonly answer?: string
  readonly frames: readonly Frame[]
  readonly commandIds: readonly string[]
}

/** A message is `thinking`, `answered` or `failed` (by a fault, or the agent hung up; it may be posted again). */
export type ItemState = 'thinking' | 'answered' | 'failed' | 'sent' | 'completed'

export type Step = {
  readonly at: number
  readonly what: 'posted' | 'reflex' | 'no-reflex' | 'fault' | 'ack' | 'answered' | 'hung-up' | 'command' | 'seen'
  readonly label: string
  readonly isGood: boolean
}

type Frame = { readonly at: number; readonly direction: 'in' | 'out'; readonly text: string }

/** Messages and commands by what happens to them. */
export const createJournalItems = (onItem: (item: JournalItem) => void) => {
  const items = new Map<number, JournalItem>()
  let lastId = 0

  const put = (item: JournalItem): void => {
    items.set(item.id, item)
    const [oldest] = items.keys()
    if (items.size > MAX_ITEMS && oldest !== undefined) items.delete(oldest)
    onItem(item)
  }

  const add = (item: Omit<JournalItem, 'id' | 'steps' | 'frames' | 'posts' | 'commandIds'>): JournalItem => {
    lastId += 1
    return { ...item, id: lastId, posts: 0, steps: [], frames: [], commandIds: [] }
  }

  const newest = (fits: (item: JournalItem) => boolean): JournalItem | undefined => {
    const all = [...items.values()]
    return all.findLast(fits)
  }

  /** By key; an agent that names none has its newest message of that thread meant. */
  const messageOf = (target: { agentId: string; thread_id?: string; key?: string | undefined }) =>
    newest(
      ({ kind, agent, thread, key }) =>
        kind === 'message' && agent === target.agentId && thread === target.thread_id && key === target.key,
    )

  /** Whose POST came to its end. Without a key several of one thread may be open: the one that has waited longest. */
  const openOf = (target: Parameters<typeof messageOf>[0]): JournalItem | undefined => {
    if (target.key !== undefined) return messageOf(target)
    const waiting = [...items.values()].find(
      ({ kind, agent, thread, key, state }) =>
        kind === 'message' &&
        agent === target.agentId &&
        thread === target.thread_id &&
        key === undefined &&
        state === 'thinking',
    )
    return waiting ?? messageOf(target)
  }

  const ofCommand = (id: string): JournalItem | undefined => newest(({ commandIds }) => commandIds.includes(id))

  const onEvent = (event: MockBackendEvent): void => {
    switch (event.type) {
      case 'connected':
      case 'disconnected':
      case 'dialled':
      case 'dial-ended':
      case 'refused':
      case 'looked-up':
      case 'redis':
      case 'frame':
        return
      case 'posted': {
        const { agentId, thread_id, sender, key, body } = event.message
        const known = key === undefined ? undefined : messageOf(event.message)
        const fresh = { kind: 'message', agent: agentId, thread: thread_id, sender, key, at: event.at } as const
        const item = known ?? add({ ...fresh, text: cut(shownText(event.message)), state: 'thinking' })
        const posts = item.posts + 1
        const label = posts === 1 ? 'POST in' : `POST in again (${posts}), with the same key`
        put({ ...withStep(item, event.at, 'posted', label), posts, body: cut(body), state: 'thinking' })
        return
      }
      case 'reflex-sent': {
        const item = messageOf(event)
        if (item === undefined) return
        const step = withStep(item, event.at, 'reflex', `Reflex out: ${JSON.stringify(event.text)}`)
        put({
          ...withFrame(step, event.at, 'out', event.frame),
          commandIds: [...item.commandIds, event.command_id].slice(-MAX_FRAMES),
          reflexMs: item.reflexMs ?? event.at - item.at,
        })
        return
      }
      case 'reflex-not-sent': {
        const item = messageOf(event)
        if (item !== undefined) put(withStep(item, event.at, 'no-reflex', NO_REFLEX[event.reason], false))
        return
      }
      case 'ack': {
        const { command_id, status, error, detail, send_at } = event.ack
        const item = ofCommand(command_id)
        if (item === undefined) return
        const isOfLater = detail === 'scheduled' || detail === 'cancelled'
        const more = error ?? (isOfLater ? `${detail}${send_at ? ` for ${send_at}` : ''}` : undefined)
        const label = `Ack: ${status}${more ? `, ${more}` : ''}`
        const acked = withStep(item, event.at, 'ack', label, status !== 'failed')
        const ended = status === 'completed' ? { ackMs: item.ackMs ?? event.at - item.at } : {}
        const state = item.kind === 'command' && status !== 'received' ? { state: status } : {}
        put({ ...withFrame(acked, event.at, 'in', event.frame), ...ended, ...state })
        return
      }
      case 'answered': {
        const item = openOf(event)
        if (item === undefined) return
        const isOk = event.status === 200
        // The agent had hung up, but the work is done: a repetition gets its answer.
        const isHeard = item.state !== 'failed'
        const label = isHeard
          ? `Answer out: ${event.status}${isOk ? `, ${countBubbles(event.answer)}` : ''}`
          : 'Answer ready, but the agent has hung up'
        put({
          ...withStep(item, event.at, 'answered', label, isOk && isHeard),
          ...(isOk ? { answer: cut(event.answer) } : {}),
          ...(isHeard && isOk ? { state: 'answered', answerMs: item.answerMs ?? event.at - item.at } : {}),
        })
        return
      }
      case 'hung-up': {
        const item = openOf(event)
        if (item === undefined || item.state === 'answered') return
        put({ ...withStep(item, event.at, 'hung-up', 'Connection ended before the answer', false), state: 'failed' })
        return
      }
      case 'struck': {
        const item = openOf(event)
        if (item !== undefined) put({ ...item, state: 'failed' })
        return
      }
      case 'command-sent': {
        const { agentId, command, command_id, frame, at } = event
        const payload = (command.payload ?? {}) as { thread_id?: unknown; text?: unknown; message_text?: unknown }
        const item = ofCommand(command_id)
        const words = payload.message_text ?? payload.text
        const text = typeof words === 'string' ? words : JSON.stringify(command.payload ?? null)
        const thread = typeof payload.thread_id === 'string' ? payload.thread_id : ''
        const fresh = {
          kind: 'command',
          agent: agentId,
          thread,
          sender: command.command_type,
          key: undefined,
          at,
        } as const
        const base = item ?? { ...add({ ...fresh, text: cut(text), state: 'sent' }), commandIds: [command_id] }
        const label = item ? 'Sent again, with the same id' : 'Command out'
        put(withFrame(withStep(base, at, 'command', label), at, 'out', frame))
      }
    }
  }

  return {
    onEvent,
    onStrike: ({ title, target }: FaultStrike, at: number): void => {
      const item = messageOf(target)
      if (item !== undefined) put(withStep(item, at, 'fault', `Fault: ${title}`, false))
    },
    /** A person has got this text: told by who can see their phone. */
    onSeen: (thread: string, text: string, at: number): void => {
      const item = newest(item => item.thread === thread && isOf(item, text))
      if (item === undefined) return
      const label = `On the phone: ${JSON.stringify(text)}`
      put({ ...withStep(item, at, 'seen', label), seenMs: item.seenMs ?? at - item.at })
    },
    list: (): readonly JournalItem[] => [...items.values()],
    get: (id: number): JournalItem | undefined => items.get(id),
  }
}

/** Whether the text is in the answer or in one of the commands. */
const isOf = ({ kind, text, answer, frames }: JournalItem, seen: string): boolean =>
  (kind === 'command' && text === seen) ||
  [answer, ...frames.map(({ text }) => text)].some(json => json?.includes(JSON.stringify(seen)))

const NO_REFLEX = {
  'no-connection': 'No WebSocket: the reflex comes with the answer',
  'write-failed': 'The WebSocket ended: the reflex comes with the answer',
  'no-answer': 'The replica with the WebSocket does not answer: the reflex comes with the answer',
  dropped: 'The reflex is not sent',
}

const withStep = (item: JournalItem, at: number, what: Step['what'], label: string, isGood = true): JournalItem => ({
  ...item,
  steps: [...item.steps, { at, what, label: cut(label, MAX_LABEL), isGood }].slice(-MAX_STEPS),
})

const withFrame = (item: JournalItem, at: number, direction: Frame['direction'], text: string): JournalItem => ({
  ...item,
  frames: [...item.frames, { at, direction, text: cut(text, MAX_FRAME) }].slice(-MAX_FRAMES),
})

/** What became of an earlier message is told as one, too; and a message may be all attachments. */
const shownText = ({ event, filtered_text, attachments = [] }: MessageRequest): string => {
  const what = event === 'edited' || event === 'unsent' ? `[${event}]` : ''
  const files = attachments.map(({ name, mime_type }) => `[${name ?? mime_type ?? 'attachment'}]`)
  return [what, filtered_text, ...files].filter(part => part !== '').join(' ')
}

const cut = (text: string, max = MAX_TEXT): string =>
  text.length <= max ? text : `${text.slice(0, max)}… (${text.length} characters in all)`

const countBubbles = (answer: string): string => {
  const parsed = parseJson(answer) as { reply_bubbles?: readonly unknown[] } | undefined
  const count = parsed?.reply_bubbles?.length ?? 0
  return count === 1 ? '1 bubble' : `${count} bubbles`
}
