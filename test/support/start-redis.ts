import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { findTool } from '../../src/mac/macos/run-tool.ts'
import { freePort } from './free-port.ts'

/** A Redis of one's own, which keeps nothing. Without redis-server on this machine it throws, and says what to do. */
export const startRedis = async () => {
  const program = findTool('redis-server')
  if (program === undefined)
    throw new Error(
      'No redis-server was found. scripts/test installs one where it may (Linux with apt-get, as root); ' +
        'elsewhere: apt-get install redis-server, or brew install redis.',
    )
  const dir = mkdtempSync(join(tmpdir(), 'edge-redis-'))
  const port = await freePort()
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no']
  let server: ChildProcess
  const client = new Redis(port, { retryStrategy: () => 50 })
  client.on('error', () => undefined)

  const start = async (): Promise<void> => {
    server = spawn(program, options, { stdio: ['ignore', 'pipe', 'inherit'] })
    await client.ping()
  }
  const kill = async (): Promise<void> => {
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }

  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    client,
    /** Starts again, with nothing in it. */
    start,
    kill,
    freeze: (): boolean => server.kill('SIGSTOP'),
    thaw: (): boolean => server.kill('SIGCONT'),
    close: async (): Promise<void> => {
      client.disconnect()
      await kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
