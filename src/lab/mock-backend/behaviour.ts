import { z } from 'zod'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import type { Replies } from './answer-post.ts'
import { DEFAULT_REFLEX, DEFAULT_REPLIES } from './defaults.ts'
import type { ReceivedMessage } from './read-message.ts'

const words = z.string().max(20_000)
const bubbles = z.array(words).max(100)

/** A row of the table: where `match` is found in a text, these are the words. */
const tableRow = z.strictObject({
  match: z.string().min(1).max(1000).refine(isRegExp, 'is not a regular expression'),
  /** `i`, `m`, `s`, `u`. */
  flags: z
    .string()
    .regex(/^[imsu]*$/, 'flags can be i, m, s and u')
    .default('i'),
  /** In place of the usual reflex; empty for none. */
  reflex: words.optional(),
  bubbles,
})

/** What the mock backend says, and how long it thinks. All of it can be changed while it runs. */
export const behaviourSchema = z.strictObject({
  /** From the reflex to the answer, in ms. */
  thinkMs: z.int().min(0).max(3_600_000),
  /** First bubble, sent ahead over the WebSocket; empty for none. */
  reflex: words,
  /** `canned`: the bubbles. `echo`: the text itself. `table`: of the first row that matches, else the bubbles. `command`: a program's. */
  replies: z.enum(['canned', 'echo', 'table', 'command']),
  bubbles,
  table: z.array(tableRow).max(200),
  /** A reflex names the message it answers (`in_reply_to`), where the POST carried an `Idempotency-Key`. */
  inReplyTo: z.boolean(),
})

export type BehaviourSettings = z.infer<typeof behaviourSchema>

export type Behaviour = ReturnType<typeof createBehaviour>

/**
 * `{text}` in any of the words stands for the text of the message, `{1}` to `{9}` for the groups of the row that matched.
 * @param command the program behind `replies = "command"`; it can be given at the start only
 */
export const createBehaviour = (
  start: Partial<BehaviourSettings>,
  command?: (message: ReceivedMessage, reflex: string | undefined) => Promise<Replies>,
) => {
  let settings: BehaviourSettings = {
    thinkMs: 0,
    reflex: DEFAULT_REFLEX,
    bubbles: [...DEFAULT_REPLIES],
    table: [],
    inReplyTo: true,
    replies: command !== undefined ? 'command' : start.table?.length ? 'table' : 'canned',
    ...start,
  }
  requireCommand(settings)

  function requireCommand({ replies }: BehaviourSettings): void {
    if (replies !== 'command' || command !== undefined) return
    throw new EdgeError('no-reply-command', 'There is no reply command.', {
      remedy: 'Start the mock backend with --reply-command, or with replyCommand in its scenario file.',
      exit: EXIT.usage,
    })
  }

  const reflex = (message: ReceivedMessage): string | undefined => {
    const row = settings.replies === 'table' ? findRow(settings.table, message.filtered_text) : undefined
    const text = fill(row?.reflex ?? settings.reflex, message.filtered_text, row?.groups)
    return text === '' ? undefined : text
  }

  return {
    thinkMs: (): number => settings.thinkMs,
    inReplyTo: (): boolean => settings.inReplyTo,
    reflex,
    replies: (message: ReceivedMessage): Replies | Promise<Replies> => {
      const text = message.filtered_text
      if (settings.replies === 'command' && command !== undefined) return command(message, reflex(message))
      if (settings.replies === 'echo') return [text]
      const row = settings.replies === 'table' ? findRow(settings.table, text) : undefined
      return (row?.bubbles ?? settings.bubbles).map(bubble => fill(bubble, text, row?.groups))
    },
    settings: (): BehaviourSettings & { readonly hasCommand: boolean } => ({
      ...settings,
      hasCommand: command !== undefined,
    }),
    /** @throws EdgeError `no-reply-command` */
    change: (patch: { readonly [Name in keyof BehaviourSettings]?: BehaviourSettings[Name] | undefined }): void => {
      const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
      const changed = { ...settings, ...given }
      requireCommand(changed)
      settings = changed
    },
  }
}

type Row = z.infer<typeof tableRow>

const findRow = (
  table: readonly Row[],
  text: string,
): (Row & { readonly groups: readonly (string | undefined)[] }) | undefined => {
  for (const row of table) {
    const found = new RegExp(row.match, row.flags).exec(text)
    if (found) return { ...row, groups: found.slice(1) }
  }
  return undefined
}

// A replacer function: in a plain replacement `$&` and its like would be taken for patterns.
const fill = (template: string, text: string, groups: readonly (string | undefined)[] = []): string =>
  template.replaceAll(/\{(text|[1-9])\}/g, (whole, name: string) => {
    if (name === 'text') return text
    return Number(name) <= groups.length ? (groups[Number(name) - 1] ?? '') : whole
  })

function isRegExp(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp
  } catch {
    return false
  }
}
