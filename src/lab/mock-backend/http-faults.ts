import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'

/** What happens to a POST instead of its answer. */
export type HttpEffect = (response: ServerResponse) => void

/** Any answer at all: an error, a redirect (`headers.location`), HTML, nonsense. A body that is no string goes out as JSON. */
export const answerWith =
  (status: number, body: unknown = '', headers: Readonly<Record<string, string>> = {}): HttpEffect =>
  response => {
    response.writeHead(status, headers)
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

/** A reset (RST) in the place of the headers. */
export const reset: HttpEffect = response => {
  const { socket } = response
  if (socket instanceof Socket) socket.resetAndDestroy()
}

/** No answer until the client or the backend gives up. */
export const hang: HttpEffect = () => undefined

/** One byte of header every `everyMs`, without end. */
export const trickleHeaders =
  (everyMs: number): HttpEffect =>
  response => {
    const { socket } = response
    socket?.write('HTTP/1.1 200 OK\r\nX-Slow: ')
    every(everyMs, response, () => socket?.write('z'))
  }

/** Headers at once, then one byte of body every `everyMs`, without end: white space, which JSON may begin with. */
export const trickleBody =
  (everyMs: number): HttpEffect =>
  response => {
    response.writeHead(200, { 'Content-Type': 'application/json' })
    every(everyMs, response, () => response.write(' '))
  }

/** The start of an answer whose `Content-Length` promises more, then the end of the connection. */
export const truncated: HttpEffect = response => {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 1000 })
  response.write('{"should_respond":true,"reply_bubbles":["the first', () => response.destroy())
}

/** An answer of about this many bytes, valid but for its size; with `gzip` it travels as a thousandth of that. */
export const flood =
  (bytes: number, { gzip = false } = {}): HttpEffect =>
  response => {
    response.writeHead(200, {
      'Content-Type': 'application/json',
      ...(gzip ? { 'Content-Encoding': 'gzip' } : {}),
    })
    const body = Readable.from(hugeAnswer(bytes))
    // A client that has seen enough hangs up: for a flood that is no error, and the rest is not made.
    const done = (): void => undefined
    if (gzip) pipeline(body, createGzip(), response, done)
    else pipeline(body, response, done)
  }

/** These bytes in the place of an answer, whatever they are; then the connection ends. */
export const raw =
  (bytes: string | Uint8Array): HttpEffect =>
  response => {
    response.socket?.end(bytes)
  }

const every = (ms: number, response: ServerResponse, write: () => void): void => {
  if (response.destroyed) return
  const timer = setInterval(write, ms)
  response.on('close', () => clearInterval(timer))
}

function* hugeAnswer(bytes: number): Generator<string> {
  const chunk = 'a'.repeat(64 * 1024)
  yield '{"should_respond":true,"reply_bubbles":["'
  for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk
  yield '"]}'
}
