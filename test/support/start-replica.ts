import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

export type Replica = Awaited<ReturnType<typeof startReplica>>

/** One replica of a backend, in a process of its own, once it listens. It waits longer than usual: machines may be busy. */
export const startReplica = async (router: string, args: readonly string[] = []) => {
  const child: ChildProcess = spawn(
    process.execPath,
    [MAIN, 'mock-backend', '--port', '0', '--think-ms', '0', '--router', router, '--router-wait-ms', '2000', ...args],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, EDGE_SECRET: '' } },
  )
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  reader.on('line', line => lines.push(line))
  let url: string | undefined
  while (url === undefined) {
    await once(reader, 'line', { signal: AbortSignal.timeout(60_000) })
    url = /listening on (http:\S+)/.exec(lines.join('\n'))?.[1]
  }
  return {
    url,
    lines: lines as readonly string[],
    freeze: (): boolean => child.kill('SIGSTOP'),
    thaw: (): boolean => child.kill('SIGCONT'),
    kill: async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
    },
  }
}
