/**
 * A backend in a process of its own, as a load needs it: one that stamps and does nothing else (`bare`), the mock backend
 * with its map (`map`), or one replica of several (a URL of Redis). Prints its URL, and ends with its standard input.
 */
import { joinReplicas } from '../../src/lab/mock-backend/redis/join-replicas.ts'
import { startMockBackend } from '../../src/lab/mock-backend/start-mock-backend.ts'
import { startBackend } from './start-backend.ts'

const start = async (kind: string): Promise<string> => {
  if (kind === 'bare') return (await startBackend(text => [text])).url
  const join = kind === 'map' ? {} : { join: joinReplicas(kind) }
  return (await startMockBackend({ reflex: ({ filtered_text }) => filtered_text, replies: [], ...join })).url
}

process.stdin.on('end', () => process.exit()).resume()
process.stdout.write(`${await start(process.argv[2] ?? 'map')}\n`)
