import { join, resolve } from 'node:path'
import { z } from 'zod'
import { formatQuietHours, parseQuietHours } from '../agent/core/quiet-hours.ts'
import { findTool } from '../mac/macos/run-tool.ts'
import { edgeAgentId } from '../protocol/wire.ts'
import { REDACT_ACTIONS, type RedactAction } from '../redact/redact.ts'
import { about } from './about.ts'
import { formatDuration, parseDuration } from './duration.ts'
import { countrySetting, peopleSetting, rulesSetting, wordsSetting } from './filter-settings.ts'
import { expandHome, type Host, placesOf } from './places.ts'
import { redactPatterns } from './redact-settings.ts'

/**
 * Every setting: its key in the file (`send.timeout` is `timeout` in the table `[send]`), what it has to be, its default
 * and its meaning. Each one also takes the text that a variable or flag holds: "5", "true", "a, b". Durations come out
 * in milliseconds, paths absolute.
 */
export const settingsFor = (host: Host) => {
  const path = z
    .string()
    .min(1)
    .transform(value => resolve(expandHome(value, host.homedir)))

  return z.strictObject({
    backend_url: backendUrl.register(about, {
      description: 'URL of the backend. A path in it is kept as a prefix.',
      expects: 'an http or https URL without credentials, query or fragment',
    }),
    agent_id: edgeAgentId.register(about, {
      description: 'The name by which the backend knows this agent.',
      expects: '1 to 128 characters out of A-Z a-z 0-9 . _ : @ + -',
    }),
    secret_file: path.optional().register(about, {
      description: 'A file with the secret, readable by its owner only. Changing it needs no restart.',
      expects: 'the path of a file',
      isPath: true,
    }),
    secret_store: choice(
      ['file', 'keychain'],
      'file',
      'Where the secret is kept: in secret_file, or in the macOS Keychain.',
    ),
    chat_db: path.prefault(join(host.homedir, 'Library/Messages/chat.db')).register(about, {
      description: 'The Messages database. It is only read.',
      expects: 'the path of a file',
      isPath: true,
    }),
    state_dir: path.prefault(placesOf(host).stateDir).register(about, {
      description: "The folder for the agent's own database, lock and control socket.",
      expects: 'the path of a folder',
      isPath: true,
    }),
    osascript: path.prefault(findTool('osascript', host.env['PATH'] ?? '') ?? '/usr/bin/osascript').register(about, {
      description: 'The program that hands texts to Messages. Default: the first osascript on PATH.',
      expects: 'the path of a program',
      isPath: true,
    }),
    log_level: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal'], 'info', 'The least serious events to log.'),
    log_format: choice(
      ['json', 'pretty'],
      host.isTTY ? 'pretty' : 'json',
      'Log lines for programs or for people. Default: pretty on a terminal, json elsewhere.',
    ),
    log_file: path.optional().register(about, {
      description: 'Log to this file, rotated at 10 MB with four older files kept. Default: standard output.',
      expects: 'the path of a file',
      isPath: true,
    }),
    max_message_age: duration('6h', '1s', '365d', 'Older incoming messages are recorded, not answered.'),
    payload: choice(
      ['minimal', 'extended'],
      'minimal',
      'What is posted about a message: minimal is thread, sender and text; extended is everything in protocol.md.',
    ),
    country: countrySetting,
    own_addresses: list(
      [],
      'Your own numbers and e-mail addresses, beside those that chat.db tells: what comes back from there is not answered.',
    ),

    backend: z.strictObject({
      allow_insecure_http: boolean(false, 'Allow plain http to another machine.'),
    }),
    forward: z.strictObject({
      allow: list([], 'Threads and senders that the backend sees; empty means everyone.'),
      deny: list([], 'Threads and senders that the backend never sees.'),
      groups: choice(
        ['none', 'mentioned', 'start_word', 'all'],
        'none',
        'Which group messages the backend sees, unless a rule or list decides otherwise.',
      ),
      names: wordsSetting('Words that count as a mention of the assistant, with or without an @.'),
      gather: duration(
        '0s',
        '0s',
        '1m',
        'What one person writes with no longer pause becomes one message, which waits that long; 0: every bubble is one.',
      ),
      start_words: wordsSetting(
        'Words that a message for the assistant starts with, for forward.groups = "start_word".',
      ),
      rules: rulesSetting,
    }),
    dedupe: z.strictObject({
      match: choice(
        ['text', 'position'],
        'text',
        'How the first bubble of an answer is recognised as the reflex sent before it.',
      ),
      window: duration('10m', '1s', '1d', 'How long a reflex and its answer can be matched.'),
    }),
    send: z.strictObject({
      allow: z
        .union([z.enum(['known', 'any']), entries])
        .prefault('known')
        .register(about, {
          description: 'Threads to which the backend may write; "known" means that they have written to this Mac.',
          expects: '"known", "any", or a list of phone numbers, e-mail addresses or chat identifiers',
        }),
      timeout: duration('30s', '1s', '1h', 'How long osascript may take to send one text.'),
      settle: duration('10s', '1s', '1h', 'How long to wait for a row in chat.db before judging an uncertain send.'),
      warm: choice(
        ['auto', 'on', 'off'],
        'auto',
        'Keep an osascript ready for the reply; auto: once tested on this Mac.',
      ),
      unknown: choice(['park', 'resend'], 'park', 'What to do with a text if chat.db cannot tell whether it was sent.'),
      retries: count(5, 0, 100, 'How often to retry a send that provably did not start.'),
      max_per_minute: count(300, 1, 100_000, 'The most texts to send in a minute, all threads together.'),
      max_per_minute_per_thread: count(60, 1, 100_000, 'The most texts to send in a minute, in one thread.'),
      max_length: count(
        20_000,
        1,
        20_000,
        'The longest text of one bubble, in UTF-16 units. A longer text is sent in several, one after the other.',
      ),
      max_new_per_day: count(10, 0, 100_000, 'The most new threads that commands may write to in 24 hours.'),
      max_per_day: count(5_000, 1, 1_000_000, 'The most texts to send in 24 hours, all threads together.'),
      max_per_day_per_thread: count(500, 1, 1_000_000, 'The most texts to send in 24 hours, in one thread.'),
      quiet_hours: quietHours([], "When nothing is sent, by this Mac's clock, such as 22:00-07:00."),
      quiet: choice(
        ['hold', 'refuse'],
        'hold',
        'What to do with commands in quiet hours. Answers always wait until they are over.',
      ),
      loop_rounds: count(
        30,
        0,
        1_000,
        'How many rounds without a pause count as a reply loop between two machines; 0: never.',
      ),
      loop_gap: duration('30s', '1s', '1h', 'An answer to the agent that takes longer than this counts as a pause.'),
      loop_pause: duration('1h', '1s', '30d', 'How long nothing is sent to a thread with a reply loop.'),
    }),
    takeover: z.strictObject({
      pause: duration(
        '10m',
        '0s',
        '1d',
        'How long a thread is on hold after the owner writes there by hand; 0: not at all.',
      ),
    }),
    schedule: z.strictObject({
      max_late: duration('10m', '1s', '7d', 'How late a scheduled message is still sent, after sleep or downtime.'),
      max_ahead: duration('365d', '1m', '3650d', 'How far ahead the backend may schedule a message.'),
      max_waiting: count(1000, 0, 100_000, 'The most scheduled messages that may wait at the same time.'),
    }),
    retry: z.strictObject({
      max_age: duration('24h', '1m', '365d', 'How long a message is retried while the backend is failing.'),
      concurrency: count(32, 1, 256, 'The most POSTs at the same time.'),
    }),
    retention: z.strictObject({
      text: duration('1d', '1m', '365d', 'How long the text of a finished message stays in the state database.'),
    }),
    watch: z.strictObject({
      hint: boolean(true, 'Let file events trigger a look at chat.db early; false only polls.'),
    }),
    people: peopleSetting,
    redact: z.strictObject({
      card: redactAction('mask', 'Payment card numbers, with expiry date and security code.'),
      iban: redactAction('mask', 'International bank account numbers.'),
      ssn: redactAction('mask', 'US social security numbers.'),
      code: redactAction('skip', 'One-time codes.'),
      password: redactAction('mask', 'Passwords, PINs, door codes, keys and tokens.'),
      email: redactAction('off', 'E-mail addresses.'),
      phone: redactAction('off', 'Phone numbers.'),
      patterns: redactPatterns,
    }),
  })
}

export type Settings = z.output<ReturnType<typeof settingsFor>>

const backendUrl = z
  .string()
  .refine(isBackendUrl)
  .transform(value => new URL(value).href.replace(/\/+$/, ''))

function isBackendUrl(value: string): boolean {
  const url = URL.parse(value)
  return url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password && !/[?#]/.test(value)
}

/** People copy phone numbers with the marks that Messages shows and chat.db does not have: +1 (562) 292-4139. */
const entry = z
  .string()
  .trim()
  .min(1)
  .transform(value => (/^\+?[\d\s().-]+$/.test(value) ? value.replace(/[^+\d]/g, '') : value))

const entries = z.union([
  z.array(entry),
  z
    .string()
    .transform(text => text.split(',').filter(part => part.trim() !== ''))
    .pipe(z.array(entry)),
])

const list = (fallback: string[], description: string) =>
  entries
    .prefault(fallback)
    .register(about, { description, expects: 'a list of phone numbers, e-mail addresses or chat identifiers' })

const quietHours = (fallback: string[], description: string) => {
  const period = z.string().transform((written, context) => {
    const parsed = parseQuietHours(written)
    if (parsed !== undefined) return formatQuietHours(parsed)
    context.addIssue('not a period of the day')
    return z.NEVER
  })
  return z
    .union([
      z.array(period),
      z
        .string()
        .transform(text => text.split(',').filter(part => part.trim() !== ''))
        .pipe(z.array(period)),
    ])
    .prefault(fallback)
    .register(about, { description, expects: 'a list of periods of the day, such as "22:00-07:00"' })
}

const choice = <const T extends readonly [string, ...string[]]>(
  choices: T,
  fallback: NoInfer<T[number]>,
  description: string,
) =>
  z
    .enum(choices)
    .prefault(fallback)
    .register(about, { description, expects: choices.map(choice => `"${choice}"`).join(' or ') })

const redactAction = (fallback: RedactAction, what: string) =>
  choice(
    REDACT_ACTIONS,
    fallback,
    `${what} "mask" replaces them with a placeholder, "skip" keeps the message on this Mac.`,
  )

const boolean = (fallback: boolean, description: string) =>
  z
    .union([z.boolean(), z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'] })])
    .prefault(fallback)
    .register(about, { description, expects: 'true or false' })

const count = (fallback: number, least: number, most: number, description: string) =>
  z
    .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
    .pipe(z.int().min(least).max(most))
    .prefault(fallback)
    .register(about, { description, expects: `a whole number from ${least} to ${most}` })

const duration = (fallback: string, least: string, most: string, description: string) =>
  z
    .union([z.string(), z.number()])
    .transform(written => parseDuration(written) ?? Number.NaN)
    .pipe(z.int().min(toMs(least)).max(toMs(most)))
    .prefault(fallback)
    .register(about, {
      description,
      expects: `a duration from ${least} to ${most}, such as "${formatDuration(toMs(fallback))}" or a number of seconds`,
      isDuration: true,
    })

const toMs = (written: string): number => parseDuration(written) ?? Number.NaN
