import { randomUUID } from 'node:crypto'
import { DEFAULT_WAIT_MS } from '../defaults.ts'
import type { JoinReplicas } from '../replicas.ts'
import { connectRedis, type RedisLink } from './connect-redis.ts'
import { createRedisAnswers } from './redis-answers.ts'
import { createRedisRouter } from './redis-router.ts'

/**
 * One replica among those that share this Redis (docs/replicas.md). Without Redis it begins all the same, by itself.
 * @param url `redis://` or `rediss://`, with a password or without
 * @param waitMs how long a POST or a handshake waits for Redis, and for the word of another replica
 */
export const joinReplicas =
  (url: string, { waitMs = DEFAULT_WAIT_MS } = {}): JoinReplicas =>
  async ({ connections, answers, emit }) => {
    const replica = randomUUID()
    const getLink = (): RedisLink => link
    const { router, ownAll, onBeat, listen } = createRedisRouter({ connections, replica, waitMs, link: getLink })
    const shared = answers && createRedisAnswers(answers, replica, getLink)
    const firstWord = Promise.withResolvers<void>()

    const link = connectRedis({
      url,
      waitMs,
      replica,
      listen,
      onUp: async () => {
        await ownAll()
        await shared?.shareAll()
        emit({ type: 'redis', reachable: true, connections: connections.byAgent.size })
        firstWord.resolve()
      },
      onDown: () => {
        emit({ type: 'redis', reachable: false, connections: connections.byAgent.size })
        firstWord.resolve()
      },
      onBeat: async () => {
        await shared?.shareAll()
        await onBeat()
      },
    })
    await firstWord.promise

    const close = async (): Promise<void> => {
      await router.close()
      await link.close()
    }
    return { router: { ...router, close }, answers: shared?.answers }
  }
