import { connect } from 'node:net'
import { z } from 'zod'
import { EdgeError, EXIT } from '../core/errors.ts'

const reply = z.union([
  z.object({ ok: z.literal(true), answer: z.unknown() }),
  z.object({
    ok: z.literal(false),
    code: z.string(),
    message: z.string(),
    remedy: z.string().optional(),
    exit: z.number().optional(),
  }),
])

/**
 * Asks the running agent of this user; `path` is its control socket.
 *
 * @throws EdgeError `not_running` (exit 3) where none listens, or what the agent answered.
 */
export const askAgent = async (path: string, ask: string, args?: unknown, timeoutMs = 5_000): Promise<unknown> => {
  const line = await exchange(path, `${JSON.stringify({ ask, args })}\n`, timeoutMs)
  const parsed = reply.parse(JSON.parse(line))
  if (parsed.ok) return parsed.answer
  const { code, message, remedy, exit = EXIT.failure } = parsed
  throw new EdgeError(code, message, { exit, ...(remedy !== undefined && { remedy }) })
}

const exchange = (path: string, request: string, timeoutMs: number): Promise<string> =>
  new Promise((resolve, reject) => {
    let received = ''
    const socket = connect(path, () => socket.write(request))
    socket.setTimeout(timeoutMs, () => {
      socket.destroy()
      reject(
        new EdgeError('not_answering', `the agent at ${path} does not answer`, {
          remedy: 'It may be busy or frozen. To see its log: edge-agent logs. If this persists: edge-agent restart.',
        }),
      )
    })
    socket.setEncoding('utf8')
    socket.on('data', chunk => {
      received += chunk
    })
    socket.on('end', () => resolve(received))
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED'
          ? new EdgeError('not_running', 'not running', {
              exit: EXIT.notRunning,
              remedy:
                'To start it: edge-agent restart (the service), or edge-agent start (in this terminal).\n' +
                'If its state folder is elsewhere, add --state-dir.',
              cause,
            })
          : new EdgeError('not_answering', `the agent at ${path} cannot be asked: ${cause.message}`, { cause }),
      )
    })
  })
