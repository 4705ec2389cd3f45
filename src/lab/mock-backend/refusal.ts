import type { ServerResponse } from 'node:http'
import type { z } from 'zod'

/** A request that goes no further: the answer's status, a word for programs and a sentence for people. */
export type Refusal = {
  readonly status: number
  readonly error: string
  readonly reason: string
  readonly headers?: Readonly<Record<string, string>>
}

export const unauthorized: Refusal = {
  status: 401,
  error: 'unauthorized',
  reason: 'the Authorization header does not carry the secret',
  headers: { 'WWW-Authenticate': 'Bearer' },
}

export const foreignPage: Refusal = { status: 403, error: 'foreign_origin', reason: 'a web page is not an agent' }

export const badRequest = (reason: string): Refusal => ({ status: 400, error: 'bad_request', reason })

/** What zod found, on one line. */
export const reasonOf = (name: string, error: z.ZodError): string =>
  error.issues.map(issue => `${[name, ...issue.path].join('.')}: ${issue.message}`).join('; ')

export const refuse = (response: ServerResponse, { status, error, reason, headers }: Refusal): void =>
  respond(response, status, JSON.stringify({ error, reason }), headers)

/** Answers with a body of JSON. A response whose connection has gone swallows it. */
export const respond = (
  response: ServerResponse,
  status: number,
  json: string,
  headers: Readonly<Record<string, string>> = {},
): void => {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(json),
    ...headers,
  })
  response.end(json)
}
