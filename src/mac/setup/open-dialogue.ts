import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'

/** The two sides of a terminal. */
export type Terminal = {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }
}

export type Dialogue = {
  readonly say: (text: string) => void
  /**
   * A line that passes `check`, which says what is wrong with it. Enter alone takes the `fallback`, where there is one.
   * Of a hidden answer nothing is shown.
   */
  readonly ask: (question: string, options?: AskOptions) => Promise<string>
  readonly confirm: (question: string, fallback: boolean) => Promise<boolean>
  /** One of the words; their first letters, which differ, do as well. */
  readonly choose: <T extends string>(question: string, words: readonly T[], fallback: T) => Promise<T>
  /** Aborts with an EdgeError `cancelled` as its reason on Ctrl-C, Ctrl-D, and when the terminal goes away. */
  readonly cancelled: AbortSignal
  readonly close: () => void
}

type AskOptions = {
  readonly fallback?: string | undefined
  /** Shown in place of the fallback. */
  readonly hint?: string | undefined
  readonly hidden?: boolean
  readonly check?: (answer: string) => string | undefined
}

/**
 * Questions and answers, line by line: nothing is drawn twice, so it is the same over SSH, on a narrow or dumb terminal
 * and without colours. What is typed while no question is open is not taken for an answer.
 */
export const openDialogue = ({ input, output }: Terminal): Dialogue => {
  let isMute = true
  const screen = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (!isMute) output.write(chunk)
      done()
    },
  })
  // readline wants to know where a line breaks.
  Object.defineProperty(screen, 'columns', { get: () => output.columns })
  // No history: the arrow keys must not bring back a secret.
  const lines = createInterface({ input, output: screen, terminal: true, historySize: 0 })
  const cancel = new AbortController()
  let onLine: ((line: string) => void) | undefined

  const end = (): void => cancel.abort(new EdgeError('cancelled', CANCELLED, { exit: EXIT.cancelled }))
  // Ctrl-C, too, closes it.
  lines.on('close', end)
  lines.on('line', line => onLine?.(line))

  const readLine = async (prompt: string, isHidden: boolean): Promise<string> => {
    cancel.signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const stop = (): void => reject(cancel.signal.reason)
    cancel.signal.addEventListener('abort', stop, { once: true })
    // What was typed before the question belongs to no answer.
    lines.write(null, { ctrl: true, name: 'u' })
    isMute = false
    lines.setPrompt(prompt)
    lines.prompt()
    isMute = isHidden
    onLine = resolve
    try {
      return withoutErased(await promise)
    } finally {
      onLine = undefined
      isMute = true
      if (isHidden || cancel.signal.aborted) output.write('\n')
      cancel.signal.removeEventListener('abort', stop)
    }
  }

  const ask = async (question: string, { fallback, hint = fallback, hidden = false, check }: AskOptions = {}) => {
    for (;;) {
      const prompt = `${question}${hint === undefined ? '' : ` [${hint}]`}: `
      const line = await readLine(prompt, hidden)
      const answer = (hidden ? line : line.trim()) || (fallback ?? '')
      const wrong = check?.(answer)
      if (wrong === undefined) return answer
      output.write(`  ${wrong}\n`)
    }
  }
  const choose = async <T extends string>(question: string, words: readonly T[], fallback: T): Promise<T> => {
    const meant = (answer: string): T | undefined =>
      words.find(word => answer !== '' && word.startsWith(answer.toLowerCase()))
    const answer = await ask(`${question} (${words.join(', ')})`, {
      fallback,
      check: text => (meant(text) ? undefined : `Please answer ${words.join(' or ')}.`),
    })
    return meant(answer) ?? fallback
  }
  return {
    say: text => void output.write(`${text}\n`),
    ask,
    choose,
    confirm: async (question, fallback) => (await choose(question, ['yes', 'no'], fallback ? 'yes' : 'no')) === 'yes',
    cancelled: cancel.signal,
    close: () => {
      lines.off('close', end)
      lines.close()
    },
  }
}

const CANCELLED = 'cancelled; nothing was saved'

/** On a dumb terminal readline leaves the erase key's character in the line. */
const withoutErased = (line: string): string => {
  const kept = line.replace(/[^\b\x7f][\b\x7f]/u, '')
  return kept === line ? line.replace(/[\b\x7f]/g, '') : withoutErased(kept)
}
