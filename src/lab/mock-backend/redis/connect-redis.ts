import { setTimeout as sleep } from 'node:timers/promises'
import { Redis, type RedisOptions } from 'ioredis'
import { z } from 'zod'
import { BEAT, replicaKey } from './scripts.ts'
import { TimedOut, within } from './within.ts'

const BEAT_MS = 1_000
/** How long a silence may last, beyond that, before another connection is tried; in ms. */
const SILENCE_MS = 2_000
/** Of how many beats the quickest tells Redis's time. */
const CLOCK_BEATS = 8

export type RedisLink = ReturnType<typeof connectRedis>

/**
 * Two connections to Redis, one for commands and one that listens on this replica's channel; both come back by themselves.
 * @param waitMs how long anybody waits for an answer of Redis
 * @param listen gets what other replicas send here
 * @param onUp Redis is there, for the first time or again, or has lost its memory
 * @param onBeat once a second while Redis is there
 */
export const connectRedis = ({
  url,
  waitMs,
  replica,
  listen,
  onUp,
  onDown,
  onBeat,
}: {
  readonly url: string
  readonly waitMs: number
  readonly replica: string
  readonly listen: (text: string) => void
  readonly onUp: () => Promise<void>
  readonly onDown: () => void
  readonly onBeat: () => Promise<void>
}) => {
  const options = { ...OPTIONS, commandTimeout: waitMs + SILENCE_MS }
  const commands = new Redis(url, options)
  const subscriber = new Redis(url, options)
  const stopping = new AbortController()
  const clock = createClock()
  let subscribed = false
  let isSilent = false
  // Neither up nor down until the first word, or the first failure.
  let state: 'up' | 'down' | undefined

  const down = (): void => {
    if (state === 'down' || stopping.signal.aborted) return
    state = 'down'
    onDown()
  }

  const run = async (script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> => {
    if (isSilent) throw new TimedOut('Redis owes an answer')
    const answer = commands.eval(script, keys.length, ...keys, ...args)
    try {
      return await within(waitMs, answer)
    } catch (error) {
      if (error instanceof TimedOut) void waitOutSilence(answer)
      throw error
    }
  }

  /** One has waited in vain: until Redis speaks again everything else fails at once. */
  const waitOutSilence = async (answer: Promise<unknown>): Promise<void> => {
    isSilent = true
    try {
      await answer
    } catch {
      if (commands.status === 'ready') commands.disconnect(true)
    } finally {
      isSilent = false
    }
  }

  const beat = async (): Promise<void> => {
    const sentAt = nowMicros()
    const [known, seconds, micros] = beatAnswer.parse(await run(BEAT, [replicaKey(replica)], [BEAT_MS * 10]))
    clock.note(seconds * 1e6 + micros, sentAt, nowMicros())
    if (state === 'up' && known === 1) return
    await onUp()
    if (isReady()) state = 'up'
  }

  const isReady = (): boolean => subscribed && commands.status === 'ready' && !stopping.signal.aborted

  let isBeating = false
  const beatWhenReady = async (): Promise<void> => {
    if (isBeating || !isReady()) return
    isBeating = true
    try {
      await beat()
      await checkListening()
      await onBeat()
    } catch {
      // Gone, or silent: the next beat tries again.
    } finally {
      isBeating = false
    }
  }

  /** A connection that only listens would not notice its end by itself. */
  const checkListening = async (): Promise<void> => {
    try {
      await subscriber.ping()
    } catch (error) {
      if (subscriber.status === 'ready') subscriber.disconnect(true)
      throw error
    }
  }

  const subscribe = async (): Promise<void> => {
    try {
      await subscriber.subscribe(replicaKey(replica))
      subscribed = true
      await beatWhenReady()
    } catch {
      // The connection is gone again, and the next one will subscribe.
    }
  }

  for (const redis of [commands, subscriber]) {
    redis.on('error', () => undefined)
    redis.on('close', down)
  }
  subscriber.on('ready', () => void subscribe())
  subscriber.on('close', () => {
    subscribed = false
  })
  subscriber.on('message', (_channel, text) => listen(text))
  commands.on('ready', () => void beatWhenReady())

  const beating = (async () => {
    for (;;) {
      try {
        await sleep(BEAT_MS, undefined, { signal: stopping.signal, ref: false })
      } catch {
        return
      }
      await beatWhenReady()
    }
  })()

  return {
    /** Runs a script. Rejects at once while Redis is not there, and after `waitMs` where it does not answer. */
    run,
    /** To another replica's channel, if there is a way. */
    tell: (other: string, text: string): void => {
      commands.publish(replicaKey(other), text).catch(() => undefined)
    },
    /** Redis's time in µs since the epoch, as far as this replica knows it. */
    now: (): number => clock.now(),
    close: async (): Promise<void> => {
      stopping.abort()
      commands.disconnect()
      subscriber.disconnect()
      await beating
    },
  }
}

const OPTIONS = {
  // What cannot be sent now is of no use later.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  connectTimeout: 2_000,
  keepAlive: 10_000,
  retryStrategy: (attempt: number) => Math.min(50 * attempt, 1_000),
} satisfies RedisOptions

const beatAnswer = z.tuple([z.number(), z.coerce.number(), z.coerce.number()])

const nowMicros = (): number => Math.round((performance.timeOrigin + performance.now()) * 1000)

/** How far Redis's clock is from ours: clocks of two machines differ, and generations are compared between them. */
const createClock = () => {
  let beats: readonly { readonly offset: number; readonly took: number }[] = []
  return {
    note: (redis: number, sentAt: number, cameAt: number): void => {
      beats = [...beats, { offset: redis - (sentAt + cameAt) / 2, took: cameAt - sentAt }].slice(-CLOCK_BEATS)
    },
    now: (): number => {
      const [quickest] = beats.toSorted((a, b) => a.took - b.took)
      return Math.round(nowMicros() + (quickest?.offset ?? 0))
    },
  }
}
