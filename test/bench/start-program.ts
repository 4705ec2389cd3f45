import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Starts a backend in a process of its own: `bare`, `map`, or the URL of the Redis that it shares. */
export const startProgram = async (kind: string) => {
  const program = fileURLToPath(new URL('./backend-program.ts', import.meta.url))
  const child = spawn(process.execPath, [program, kind], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    url: line.toString().trim(),
    stop: async (): Promise<void> => {
      const ended = once(child, 'exit')
      child.stdin.end()
      await ended
    },
  }
}
