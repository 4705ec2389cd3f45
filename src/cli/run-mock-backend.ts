import { z } from 'zod'
import { EdgeError, EXIT } from '../agent/core/errors.ts'
import type { BehaviourSettings } from '../lab/mock-backend/behaviour.ts'
import { faultSpec } from '../lab/mock-backend/catalogue/catalogue.ts'
import { DIALECTS } from '../lab/mock-backend/command-frame.ts'
import { logLine } from '../lab/mock-backend/log-line.ts'
import { readScenario, type Scenario } from '../lab/mock-backend/read-scenario.ts'
import type { JoinReplicas } from '../lab/mock-backend/replicas.ts'
import { splitWords } from '../lab/mock-backend/reply-command.ts'
import { startWithConsole } from '../lab/mock-backend/start-with-console.ts'
import { toJson } from './to-json.ts'

/**
 * Runs a mock backend until SIGINT or SIGTERM, its log on stdout.
 * @param raw the options as commander read them
 * @throws EdgeError `usage`, `scenario`, and those of `startWithConsole`
 */
export const runMockBackend = async (raw: unknown): Promise<void> => {
  const options = parseOptions(raw)
  const scenario: Partial<Scenario> = options.scenario === undefined ? {} : readScenario(options.scenario)
  const { json } = options
  const { backend, close } = await startWithConsole({
    host: options.host,
    port: options.port,
    secret: options.secret,
    dialect: options.dialect ?? scenario.dialect ?? 'full',
    idempotency: options.idempotency && scenario.idempotency !== false,
    downForMs: scenario.downForMs ?? 0,
    replyTimeoutMs: options.replyTimeoutMs ?? scenario.replyTimeoutMs ?? 60_000,
    ...(options.router === undefined ? {} : { join: await joinBy(options.router, options.routerWaitMs) }),
    ...readReplyCommand(options.replyCommand ?? scenario.replyCommand),
    behaviour: readBehaviour(options, scenario),
    faults: [...(options.websocket ? [] : [NO_WEBSOCKET]), ...(scenario.faults ?? [])],
    ...(json ? { onEvent: event => print(toJson({ ...event, line: logLine(event) })) } : {}),
    // With --json the log is in the events; what a reply command says is in none of them.
    log: json ? line => line.startsWith('[Reply command]') && process.stderr.write(`${line}\n`) : print,
  })

  const line = `mock backend listening on ${backend.url}`
  print(json ? toJson({ at: Date.now(), type: 'listening', url: backend.url, line }) : line)
  await untilSignal()
  await close()
}

/** @throws EdgeError `no-ioredis`: it is an optional peer, which no Mac needs. */
const joinBy = async (url: string, waitMs: number): Promise<JoinReplicas> => {
  try {
    const { joinReplicas } = await import('../lab/mock-backend/redis/join-replicas.ts')
    return joinReplicas(url, { waitMs })
  } catch (cause) {
    if (!isMissing(cause, 'ioredis')) throw cause
    throw new EdgeError('no-ioredis', '--router needs the package ioredis, which is not installed.', {
      remedy:
        'Install it beside edge-agent: npm install -g ioredis@6 (without -g where edge-agent is a local package).',
      exit: EXIT.usage,
      cause,
    })
  }
}

/** Whether an import failed because that package is not there, and not for anything inside it or us. */
const isMissing = (error: unknown, name: string): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes(`'${name}'`)

type Options = z.infer<typeof optionsSchema>

/** Options come before the scenario, and that before what is usual. */
const readBehaviour = (options: Options, scenario: Partial<Scenario>): Partial<BehaviourSettings> => {
  const replies = chooseReplies(options, scenario)
  return {
    thinkMs: options.thinkMs ?? scenario.thinkMs ?? 1500,
    ...given('reflex', options.reflex ?? scenario.reflex),
    ...given('bubbles', options.replies ?? scenario.bubbles),
    ...given('table', scenario.table),
    ...given('inReplyTo', options.inReplyTo ?? scenario.inReplyTo),
    ...given('replies', replies),
  }
}

const chooseReplies = (options: Options, scenario: Partial<Scenario>): BehaviourSettings['replies'] | undefined => {
  if (options.replyCommand !== undefined) return 'command'
  if (options.echo) return 'echo'
  if (options.replies !== undefined) return 'canned'
  return scenario.replies
}

const given = <Name extends string, Value>(name: Name, value: Value | undefined): { [N in Name]?: Value } =>
  value === undefined ? {} : ({ [name]: value } as { [N in Name]: Value })

const readReplyCommand = (
  command: string | readonly string[] | undefined,
): { readonly replyCommand?: readonly [string, ...string[]] } => {
  if (command === undefined) return {}
  if (typeof command === 'string') return { replyCommand: splitWords(command) }
  const [program = '', ...args] = command
  return { replyCommand: [program, ...args] }
}

const NO_WEBSOCKET = faultSpec.parse({ fault: 'upgrade-status', status: 503, times: 'always' })

const parseOptions = (raw: unknown): Options => {
  const parsed = optionsSchema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw new EdgeError('usage', `Invalid option value:\n${z.prettifyError(parsed.error)}`, {
    remedy: 'See edge-agent mock-backend --help.',
    exit: EXIT.usage,
  })
}

// Not z.coerce, for which an empty text is a zero.
const wholeNumber = (max: number) =>
  z.string().regex(/^\d+$/, 'Expected a whole number').transform(Number).pipe(z.number().max(max))

const optionsSchema = z.object({
  port: wholeNumber(65_535),
  host: z.string().min(1),
  scenario: z.string().min(1).optional(),
  thinkMs: wholeNumber(3_600_000).optional(),
  secret: z.string().default(''),
  reflex: z.string().optional(),
  replies: z.array(z.string()).optional(),
  echo: z.boolean().default(false),
  replyCommand: z.string().optional(),
  replyTimeoutMs: wholeNumber(3_600_000).optional(),
  inReplyTo: z.boolean().optional(),
  websocket: z.boolean(),
  idempotency: z.boolean(),
  dialect: z.enum(DIALECTS).optional(),
  router: z.url({ protocol: /^rediss?$/, error: 'Expected a redis:// or rediss:// URL' }).optional(),
  routerWaitMs: wholeNumber(60_000),
  json: z.boolean().default(false),
})

const untilSignal = (): Promise<unknown> =>
  new Promise(resolve => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
