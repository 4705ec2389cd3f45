import type { IncomingMessage } from 'node:http'
import { type MessageRequest, messageRequest } from '../../protocol/wire.ts'
import { agentId } from './agent-id.ts'
import { bearerMatches } from './bearer-matches.ts'
import { isForeignToAgents } from './foreign-page.ts'
import { parseJson } from './parse-json.ts'
import { badRequest, foreignPage, type Refusal, reasonOf, unauthorized } from './refusal.ts'

/** Largest POST body, in bytes. */
const MAX_BODY_BYTES = 1024 * 1024

/** A POST that passed the door. `agentId` is empty where it came without the header: nobody can connect as that. `key` is its `Idempotency-Key` as it came, quotes included; `body` its text, unparsed. */
export type ReceivedMessage = MessageRequest & {
  readonly agentId: string
  readonly key: string | undefined
  readonly body: string
}

/** The message of a POST, or why it is refused: 403 a web page, 401 secret, 400 agent id or body, 413 size. */
export const readMessage = async (
  request: IncomingMessage,
  secret: string | undefined,
): Promise<ReceivedMessage | Refusal> => {
  // A page can send one to anywhere without asking, for a reply command to be started.
  if (isForeignToAgents(request, secret)) return foreignPage
  if (secret !== undefined && !bearerMatches(request.headers.authorization, secret)) return unauthorized

  const header = request.headers['x-edge-agent-id']
  const sender = agentId.safeParse(header)
  if (header !== undefined && !sender.success) return badRequest(reasonOf('X-Edge-Agent-Id', sender.error))

  const bytes = await readBody(request)
  if (bytes === undefined)
    return { status: 413, error: 'too_large', reason: `the body is larger than ${MAX_BODY_BYTES} bytes` }

  const body = decodeUtf8(bytes)
  const json = body === undefined ? undefined : parseJson(body)
  if (body === undefined || json === undefined) return badRequest('the body is not JSON in UTF-8')

  const message = messageRequest.safeParse(json)
  if (!message.success) return badRequest(reasonOf('body', message.error))

  return { ...message.data, agentId: sender.data ?? '', key: request.headers['idempotency-key']?.toString(), body }
}

/** The body, or undefined if it is too large. Read to its end all the same: a client still writing misses the answer. */
const readBody = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined
}

const decodeUtf8 = (bytes: Buffer): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
