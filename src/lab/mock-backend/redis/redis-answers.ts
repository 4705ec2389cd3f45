import { z } from 'zod'
import { type AnswersByKey, type Begun, DAY_MS, digest } from '../answers-by-key.ts'
import type { RedisLink } from './connect-redis.ts'
import { answerKey, BEGIN_ANSWER, FORGET_ANSWER, KEEP_ANSWER, WRITE_ANSWER } from './scripts.ts'

/** How long a beginning lasts that nobody keeps up: its replica is dead, and the next try may work. In ms. */
const WORKING_MS = 10_000

/**
 * The answers of all replicas: what one works on or has answered, no other works on again. Without Redis each replica
 * knows its own, and shares them when Redis is back.
 */
export const createRedisAnswers = (local: AnswersByKey, replica: string, link: () => RedisLink) => {
  /** What is worked on here, and answers that Redis does not have yet, by their key in Redis. */
  const open = new Map<string, { readonly body: string; readonly answer?: string }>()

  const share = async (key: string): Promise<void> => {
    const entry = open.get(key)
    if (entry === undefined) return
    if (entry.answer === undefined) await link().run(KEEP_ANSWER, [key], [entry.body, replica, WORKING_MS])
    else {
      await link().run(WRITE_ANSWER, [key], [entry.body, entry.answer, DAY_MS])
      open.delete(key)
    }
  }

  const answers: AnswersByKey = {
    begin: async (agentId, idempotencyKey, body) => {
      const here = await local.begin(agentId, idempotencyKey, body)
      if (here.state !== 'new') return here
      const key = answerKey(digest(agentId, idempotencyKey))
      open.set(key, { body: digest(body) })
      const there = await askRedis(link(), key, [digest(body), replica, WORKING_MS])
      if (there === undefined || there.state === 'new') return here
      open.delete(key)
      await local.forget(agentId, idempotencyKey)
      return there
    },

    finish: async (agentId, idempotencyKey, answer) => {
      await local.finish(agentId, idempotencyKey, answer)
      const key = answerKey(digest(agentId, idempotencyKey))
      const entry = open.get(key)
      if (entry === undefined) return
      open.set(key, { ...entry, answer })
      await share(key).catch(() => undefined)
    },

    forget: async (agentId, idempotencyKey) => {
      await local.forget(agentId, idempotencyKey)
      const key = answerKey(digest(agentId, idempotencyKey))
      open.delete(key)
      await link()
        .run(FORGET_ANSWER, [key], [replica])
        .catch(() => undefined)
    },
  }

  return {
    answers,
    /** @throws where Redis is out of reach; what is left waits for the next time */
    shareAll: async (): Promise<void> => {
      await Promise.all([...open.keys()].map(share))
    },
  }
}

/** Undefined where Redis is out of reach. */
const askRedis = async (
  link: RedisLink,
  key: string,
  args: readonly (string | number)[],
): Promise<Begun | undefined> => {
  try {
    const [state, answer] = answered.parse(await link.run(BEGIN_ANSWER, [key], args))
    return state === 'answered' ? { state, answer } : { state }
  } catch {
    return undefined
  }
}

const answered = z.union([
  z.tuple([z.enum(['new', 'working', 'other-body'])]),
  z.tuple([z.literal('answered'), z.string()]),
])
