import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MessageAnswer } from '../../protocol/wire.ts'
import type { AnswersByKey } from './answers-by-key.ts'
import type { Connections } from './connections.ts'
import type { Faults } from './faults.ts'
import { type ReceivedMessage, readMessage } from './read-message.ts'
import { refuse, respond } from './refusal.ts'
import { type PlannedReflex, planReflex, type ReflexNeeds, sendReflex } from './send-reflex.ts'

/** Bubbles that follow the reflex, or an answer as it shall be, reflex and all. */
export type Replies = readonly string[] | MessageAnswer

export type PostContext = ReflexNeeds & {
  readonly secret: string | undefined
  readonly connections: Connections
  /** In ms. */
  readonly thinkMs: () => number
  readonly reflex: (message: ReceivedMessage) => string | undefined
  readonly replies: (message: ReceivedMessage) => Replies | Promise<Replies>
  /** Undefined for a backend that does not know `Idempotency-Key`. */
  readonly answers: AnswersByKey | undefined
  readonly faults: Faults
  readonly remember: (message: ReceivedMessage) => void
  readonly stop: AbortSignal
}

/** POST /edge/message: the reflex at once over the WebSocket, then, after the thinking time, the answer with all bubbles. */
export const answerPost = async (
  context: PostContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const { emit, stop } = context
  const message = await readMessage(request, context.secret)
  if ('status' in message) {
    emit({ type: 'refused', road: 'http', status: message.status, reason: message.reason })
    refuse(response, message)
    return
  }

  context.remember(message)
  emit({ type: 'posted', message })
  const { agentId, thread_id, key } = message
  response.once('close', () => {
    if (!response.writableFinished) emit({ type: 'hung-up', agentId, thread_id, key })
  })

  const fault = context.faults.http.take(message)
  const strikes = async (when: 'before' | 'during' | 'after'): Promise<boolean> => {
    if (fault === undefined || (fault.when ?? 'before') !== when) return false
    await sleep(fault.delayMs ?? 0, undefined, { signal: stop })
    if (fault.effect === undefined) return false
    emit({ type: 'struck', agentId, thread_id, key })
    fault.effect(response)
    return true
  }

  if (await strikes('before')) return
  const [{ status, json, headers }, struck] = await Promise.all([
    answerOnce(context, message, response),
    strikes('during'),
  ])
  if (struck) return
  if (await strikes('after')) return
  respond(response, status, json, headers)
  emit({ type: 'answered', agentId, thread_id, key, status, answer: json })
}

type Answer = { readonly status: number; readonly json: string; readonly headers?: Readonly<Record<string, string>> }

/** The work is done once per key: a repetition gets the stored answer, and no second reflex. */
const answerOnce = async (
  context: PostContext,
  message: ReceivedMessage,
  response: ServerResponse,
): Promise<Answer> => {
  const { answers } = context
  const { agentId, key } = message
  if (answers === undefined || key === undefined)
    return { status: 200, json: JSON.stringify(await think(context, message, response)) }

  const begun = await answers.begin(agentId, key, message.body)
  if (begun.state === 'answered') return { status: 200, json: begun.answer }
  if (begun.state === 'working') return STILL_WORKING
  if (begun.state === 'other-body') return OTHER_BODY

  try {
    const json = JSON.stringify(await think(context, message, response))
    await answers.finish(agentId, key, json)
    return { status: 200, json }
  } catch (error) {
    await answers.forget(agentId, key)
    throw error
  }
}

const STILL_WORKING: Answer = {
  status: 409,
  json: '{"error":"in_progress","reason":"the first try under this key is still being answered"}',
  headers: { 'Retry-After': '1' },
}

const OTHER_BODY: Answer = {
  status: 422,
  json: '{"error":"key_reused","reason":"this key was first used with another body"}',
}

/** The reflex, the thinking time, the bubbles. */
const think = async (
  context: PostContext,
  message: ReceivedMessage,
  response: ServerResponse,
): Promise<MessageAnswer> => {
  if (message.event === 'unsent') return NO_REPLY
  const reflex = context.reflex(message)
  const routed = reflex === undefined ? [] : sendReflexes(context, message, planReflex(reflex), response)

  await sleep(context.thinkMs(), undefined, { signal: context.stop })
  const answer = toAnswer(reflex, await context.replies(message))
  // On its way to another replica, for a bounded time: it comes before the answer, or not at all.
  if (routed.length > 0) await Promise.all(routed)
  return context.faults.answer.take(message)?.effect(answer) ?? answer
}

/** Nobody is told anything about words that were taken back. */
const NO_REPLY: MessageAnswer = { should_respond: false, reply_bubbles: [] }

const toAnswer = (reflex: string | undefined, replies: Replies): MessageAnswer => {
  if ('should_respond' in replies) return replies
  const bubbles = reflex === undefined ? [...replies] : [reflex, ...replies]
  return { should_respond: bubbles.length > 0, reply_bubbles: bubbles }
}

/** One reflex, at once; or what a fault makes of it. Promises come back for those that go to another replica now. */
const sendReflexes = (
  context: PostContext,
  message: ReceivedMessage,
  planned: PlannedReflex,
  response: ServerResponse,
): readonly Promise<void>[] => {
  const { agentId, thread_id, key } = message
  const routed: Promise<void>[] = []
  const reflexes = context.faults.reflex.take(message)?.effect(planned) ?? [planned]
  if (reflexes.length === 0) context.emit({ type: 'reflex-not-sent', agentId, thread_id, key, reason: 'dropped' })

  for (const reflex of reflexes) {
    const send = (): void => {
      if (context.stop.aborted) return
      const sending = sendReflex(context, message, reflex)
      if (sending !== undefined) routed.push(sending)
    }
    const sendInTime = (): void => {
      if (reflex.delayMs === 0) send()
      else setTimeout(send, reflex.delayMs).unref()
    }
    if (reflex.after === 'post') sendInTime()
    else response.once('close', sendInTime)
  }
  return routed
}
