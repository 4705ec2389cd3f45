import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import { messageAnswer } from '../../protocol/wire.ts'
import type { Replies } from './answer-post.ts'
import { parseJson } from './parse-json.ts'
import type { ReceivedMessage } from './read-message.ts'

/** Most that is read of what a program prints, in characters. */
const MAX_OUTPUT = 1024 * 1024

/**
 * Asks a program for the bubbles: it gets the message as one JSON object on its standard input and prints one bubble per
 * line, a JSON array of bubbles, or a whole answer as `{"should_respond", "reply_bubbles"}`. What it writes to standard
 * error goes to the log. No shell is between: `words` are the program and its arguments.
 *
 * @throws EdgeError `reply-command` where it cannot be started, fails, or takes longer than `timeoutMs`
 */
export const createReplyCommand =
  ({
    words,
    timeoutMs,
    log,
    stop,
  }: {
    readonly words: readonly [string, ...string[]]
    readonly timeoutMs: number
    readonly log: (line: string) => void
    readonly stop: AbortSignal
  }) =>
  async (message: ReceivedMessage, reflex: string | undefined): Promise<Replies> => {
    const [program, ...args] = words
    const complain = (what: string, cause?: unknown): EdgeError =>
      new EdgeError('reply-command', `The reply command ${program} ${what}.`, { cause })

    stop.throwIfAborted()
    const { agentId: agent_id, thread_id, sender, filtered_text, key } = message
    // A group of its own: what it has started ends with it.
    const child = spawn(program, args, { detached: true, stdio: 'pipe' })
    const kill = (): void => {
      if (child.pid === undefined) return
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        child.kill('SIGKILL')
      }
    }
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      kill()
    }, timeoutMs)
    stop.addEventListener('abort', kill)

    let output = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(0, MAX_OUTPUT)
    })
    createInterface({ input: child.stderr }).on('line', line => log(`[Reply command] ${line}`))
    child.stdin.on('error', () => {}) // it need not read what it is given
    child.stdin.end(`${JSON.stringify({ agent_id, thread_id, sender, text: filtered_text, key, reflex })}\n`)

    try {
      const end = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
        child.once('error', error => reject(complain(`cannot be started: ${error.message}`, error)))
        child.once('close', (code, signal) => resolve(code ?? signal))
      })
      if (isLate) throw complain(`took longer than ${timeoutMs} ms and was stopped`)
      if (end !== 0) throw complain(`ended with ${typeof end === 'number' ? `exit code ${end}` : end}`)
      return readReplies(output)
    } catch (error) {
      if (!stop.aborted) log(`[Reply command] ${error instanceof Error ? error.message : String(error)}`)
      throw error
    } finally {
      clearTimeout(timer)
      stop.removeEventListener('abort', kill)
    }
  }

const readReplies = (output: string): Replies => {
  const json = z.union([z.array(z.string()), messageAnswer]).safeParse(parseJson(output))
  if (json.success) return json.data
  return output
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '')
}

/**
 * The words of a command line: parted by blanks, quotes hold a word together, nothing else is special.
 * @throws EdgeError `usage`
 */
export const splitWords = (line: string): readonly [string, ...string[]] => {
  const [program, ...args] = [...line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
  )
  const isQuoteOpen = /["']/.test(line.replaceAll(/"[^"]*"|'[^']*'/g, ''))
  if (program !== undefined && program !== '' && !isQuoteOpen) return [program, ...args]
  throw new EdgeError('usage', `The reply command ${isQuoteOpen ? 'has an unclosed quote' : 'is empty'}.`, {
    remedy: "Write the program and its arguments; for more, sh -c '…'.",
    exit: EXIT.usage,
  })
}
