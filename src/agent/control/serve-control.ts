import { chmodSync, lstatSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { z } from 'zod'
import { EdgeError, EXIT } from '../core/errors.ts'

const controlRequest = z.object({ ask: z.string(), args: z.unknown().optional() })

/** What the agent answers to, by name; the answer may be a promise. */
export type ControlHandlers = Readonly<Record<string, (args: unknown) => unknown>>

const MAX_REQUEST_BYTES = 64 * 1024

/**
 * Answers other terminals of this user over a local socket (mode 0600): one JSON line in, one JSON line out. Only to be
 * called by whoever holds the lock on the state: a socket left by a dead agent is replaced.
 */
export const serveControl = async (
  path: string,
  handlers: ControlHandlers,
): Promise<{ close: () => Promise<void> }> => {
  preparePrivateFolder(dirname(path))
  rmSync(path, { force: true })
  const open = new Set<Socket>()
  const server = createServer(socket => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => socket.destroy())
    let received = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk
      if (received.length > MAX_REQUEST_BYTES) socket.destroy()
      const end = received.indexOf('\n')
      if (end < 0) return
      socket.removeAllListeners('data')
      void answer(received.slice(0, end), handlers).then(reply => socket.end(`${JSON.stringify(reply)}\n`))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  chmodSync(path, 0o600)
  return {
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise(resolve => server.close(resolve))
      rmSync(path, { force: true })
    },
  }
}

const answer = async (line: string, handlers: ControlHandlers): Promise<unknown> => {
  try {
    const { ask, args } = controlRequest.parse(JSON.parse(line))
    const handler = Object.hasOwn(handlers, ask) ? handlers[ask] : undefined
    if (handler === undefined)
      return { ok: false, code: 'unknown_request', message: `this agent does not know "${ask}"` }
    return { ok: true, answer: await handler(args) }
  } catch (error) {
    const { code = 'failed', message, remedy, exit } = error as Partial<EdgeError> & Error
    return { ok: false, code, message, remedy, exit }
  }
}

/** The folder must be ours alone: somebody else's could hand out somebody else's socket. */
const preparePrivateFolder = (path: string): void => {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const folder = statSync(path)
  // A link of our own is as good: the state may have been moved to another disk.
  const mine = [folder, lstatSync(path)].every(({ uid }) => process.getuid === undefined || uid === process.getuid())
  if (!folder.isDirectory() || !mine) {
    throw new EdgeError('state_unusable', `${path} does not belong to this user`, {
      exit: EXIT.permission,
      remedy: 'Remove it, or choose another folder with --state-dir.',
    })
  }
}
