import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Errand, Told } from './bare.ts'
import type { Backend } from './start-backend.ts'

/** Starts the floor's process and waits for its connection. It ends with the backend. */
export const startBare = async (backend: Backend) => {
  const program = fileURLToPath(new URL('./bare.ts', import.meta.url))
  const child = spawn(process.execPath, [program, backend.url, 'bare'], { stdio: ['ignore', 'inherit', 'inherit'] })
  const socket = await backend.connectionOf('bare')
  return {
    pid: child.pid,
    /** Has one thing done; resolves with what the process tells of it, in milliseconds. */
    run: async (errand: Errand): Promise<number> => {
      const answer = once(socket, 'message')
      socket.send(JSON.stringify(errand))
      const [data] = (await answer) as [Buffer]
      return (JSON.parse(data.toString()) as Told).ms
    },
  }
}
