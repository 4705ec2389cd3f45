import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stripVTControlCharacters } from 'node:util'
import { waitFor } from './start-house.ts'

/** A program at a real pseudo-terminal, by `script`, which is on every Mac and with util-linux on every Debian. */
export const startInTerminal = (argv: readonly string[], env: Readonly<Record<string, string | undefined>>) => {
  const quoted = argv.map(word => `'${word}'`).join(' ')
  const args = process.platform === 'darwin' ? ['-q', '/dev/null', ...argv] : ['-qec', `exec ${quoted}`, '/dev/null']
  const child = spawn('script', args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
  let raw = ''
  let read = 0
  child.stdout.setEncoding('utf8').on('data', chunk => {
    raw += chunk
  })
  const shown = (): string => stripVTControlCharacters(raw)
  return {
    shown,
    raw: () => raw,
    /** Waits for the question and types the keys. */
    answer: async (question: RegExp, keys: string): Promise<void> => {
      await waitFor(String(question), () => question.test(shown().slice(read)), 30_000)
      read = shown().length
      child.stdin.write(keys)
    },
    ended: once(child, 'close').then(([code]) => code as number),
  }
}
