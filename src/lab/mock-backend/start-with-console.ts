import { setTimeout as sleep } from 'node:timers/promises'
import { type BehaviourSettings, createBehaviour } from './behaviour.ts'
import { type ConsoleExtension, createConsole, type MockConsole } from './console/create-console.ts'
import type { MockBackendEvent } from './event.ts'
import type { Scenario } from './read-scenario.ts'
import { createReplyCommand } from './reply-command.ts'
import { type MockBackend, type MockBackendOptions, startMockBackend } from './start-mock-backend.ts'

type Options = Pick<MockBackendOptions, 'host' | 'port' | 'secret' | 'dialect' | 'idempotency' | 'join' | 'onEvent'> & {
  readonly behaviour: Partial<BehaviourSettings>
  /** Program and arguments. */
  readonly replyCommand?: readonly [string, ...string[]]
  /** Default a minute. */
  readonly replyTimeoutMs?: number
  readonly downForMs?: number
  readonly faults?: Scenario['faults']
  readonly extension?: ConsoleExtension
  readonly log?: (line: string) => void
}

export type MockBackendWithConsole = {
  readonly backend: MockBackend
  readonly console: MockConsole
  readonly close: () => Promise<void>
}

/**
 * A mock backend with its console, its API, and the faults it begins with.
 * @throws EdgeError as `startMockBackend` does, and `no-reply-command`
 */
export const startWithConsole = async ({
  behaviour: start,
  replyCommand,
  replyTimeoutMs = 60_000,
  downForMs = 0,
  faults = [],
  extension,
  log,
  ...options
}: Options): Promise<MockBackendWithConsole> => {
  const stopping = new AbortController()
  const note = (line: string): void => {
    console.note(line)
    log?.(line)
  }
  const command =
    replyCommand &&
    createReplyCommand({ words: replyCommand, timeoutMs: replyTimeoutMs, log: note, stop: stopping.signal })
  const behaviour = createBehaviour(start, command)
  const { host = '127.0.0.1', secret } = options
  const console = createConsole({
    behaviour,
    secret: secret === '' ? undefined : secret,
    host,
    ...(extension && { extension }),
  })

  if (downForMs > 0) await sleep(downForMs)
  const backend = await startMockBackend({
    ...options,
    thinkMs: behaviour.thinkMs,
    inReplyTo: behaviour.inReplyTo,
    reflex: behaviour.reflex,
    replies: behaviour.replies,
    routes: console.routes,
    onEvent: (event: MockBackendEvent): void => {
      console.onEvent(event)
      options.onEvent?.(event)
    },
    ...(log && { log }),
  })
  console.attach(backend)
  console.layAll(faults)
  return {
    backend,
    console,
    close: async () => {
      stopping.abort()
      console.close()
      await backend.close()
    },
  }
}
