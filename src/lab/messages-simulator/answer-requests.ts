import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ChatDbWriter, openChatDbWriter } from './chat-db-writer.ts'
import { appendSent, ledgerFile } from './ledger.ts'
import type { ComesBack, Rewrite } from './osascript-modes.ts'
import { splitAtLinks } from './split-at-links.ts'

/** What becomes of a text in chat.db, `afterMs` after it was accepted. An error or ghost row means: not sent. */
export type RowPlan =
  | { readonly kind: 'none' }
  | { readonly kind: 'sent' | 'ghost'; readonly afterMs: number }
  | { readonly kind: 'error'; readonly afterMs: number; readonly error: number; readonly errorAfterMs: number }

type Resolve = {
  readonly kind: 'resolve'
  readonly addressing: 'chat' | 'participant'
  readonly account: string
  readonly service: string
  readonly target: string
}
type Send = {
  readonly kind: 'send'
  readonly text: string
  readonly attempt: string
  readonly afterMs: number
  readonly row: RowPlan
  readonly rewrite?: Rewrite | undefined
  readonly comesBack?: ComesBack | undefined
}
export type Request = Resolve | Send

export type Answer = { readonly kind: 'found' | 'accepted' } | { readonly kind: 'error'; readonly number: number }

/**
 * Messages, as far as `send` goes, for one osascript that asks: one JSON line per question and answer. What it has accepted
 * it does, whether or not anyone still waits for the answer. Resolves once all is done, or the folder is gone.
 */
export const answerRequests = async ({
  dir,
  input,
  output,
  log,
}: {
  readonly dir: string
  readonly input: Readable
  readonly output: Writable
  readonly log: (line: string) => void
}): Promise<void> => {
  // osascript may be gone by the time it is answered.
  output.on('error', () => {})
  const answer = (value: Answer): void => {
    output.write(`${JSON.stringify(value)}\n`)
  }
  const path = join(dir, 'chat.db')
  const writer = existsSync(path) ? openChatDbWriter(path) : undefined
  let resolved: (Resolve & { readonly guid: string }) | undefined
  try {
    for await (const line of createInterface({ input })) {
      const request: Request = JSON.parse(line)
      if (request.kind === 'resolve') {
        const { addressing, account, service } = request
        if (addressing === 'participant' && account === '' && !/^(?:iMessage|SMS)$/i.test(service)) {
          answer({ kind: 'error', number: NO_ACCOUNT })
          continue
        }
        const guid = writer && findTarget(writer, request)
        resolved = guid === undefined ? undefined : { ...request, guid }
        answer(guid === undefined ? { kind: 'error', number: NOT_FOUND } : { kind: 'found' })
      } else {
        if (!writer || !resolved) throw new Error('asked to send before the chat was found')
        log(`accepted ${request.attempt} for ${resolved.guid}`)
        if (!(await pause(dir, request.afterMs))) return
        const isSent = request.row.kind === 'sent' || request.row.kind === 'none'
        if (isSent) {
          const { text, attempt } = request
          const at = performance.timeOrigin + performance.now()
          appendSent(ledgerFile(dir), { at, guid: resolved.guid, text, attempt, mode: resolved.addressing })
        }
        answer({ kind: 'accepted' })
        await writeRow(dir, writer, resolved, request)
      }
    }
  } finally {
    writer?.close()
  }
}

// errAENoSuchObject: there is no such chat, account or participant.
const NOT_FOUND = -1728
// errAEIllegalIndex: the script has no word for the accounts of RCS.
const NO_ACCOUNT = -1719

/** The guid of the chat that is meant; a new participant gets a new chat, an unknown guid nothing. */
const findTarget = (writer: ChatDbWriter, { addressing, account, service, target }: Resolve): string | undefined => {
  if (addressing === 'chat') return writer.findChat(target)?.guid
  if (target.includes(';') || (account !== '' && !writer.hasAccount(account))) return undefined
  return writer.findDirectChat(target, service)?.guid ?? `${service === 'SMS' ? 'SMS' : 'any'};-;${target}`
}

const writeRow = async (dir: string, writer: ChatDbWriter, { guid }: { guid: string }, send: Send): Promise<void> => {
  const { row } = send
  if (row.kind === 'none') return
  if (!(await pause(dir, row.afterMs))) return
  if (row.kind === 'ghost') {
    await writer.writeGhost(guid)
    return
  }
  const [first = { text: '' }, ...others] = toRows(send.text, send.rewrite)
  const failed = row.kind === 'error' ? { error: row.error, is_sent: 0 } : {}
  const failsLater = row.kind === 'error' && row.errorAfterMs > 0
  const { guid: message } = await writer.writeOutgoing({ chat: guid, ...first, columns: failsLater ? {} : failed })
  for (const other of others) {
    if (!(await pause(dir, PREVIEW_AFTER_MS))) return
    await writer.writeOutgoing({ chat: guid, ...other, columns: failsLater ? {} : failed })
  }
  if (send.comesBack !== undefined) await comeBack(dir, writer, guid, send, send.comesBack)
  if (!failsLater) return
  if (!(await pause(dir, row.errorAfterMs))) return
  writer.updateMessage(message, failed)
}

/** A preview follows the row before it. */
const PREVIEW_AFTER_MS = 200

const comeBack = async (
  dir: string,
  writer: ChatDbWriter,
  sentTo: string,
  send: Send,
  { afterMs, from, chat = sentTo, columns = {} }: ComesBack,
): Promise<void> => {
  if (!(await pause(dir, afterMs))) return
  for (const row of toRows(send.text, send.rewrite)) await writer.writeIncoming({ chat, from, columns, ...row })
}

type Row = { readonly text?: string; readonly balloon?: string }

/** What becomes of a text: rows of its words, and previews of its links. */
const toRows = (text: string, rewrite: Rewrite | undefined): readonly Row[] => {
  const pieces = splitAtLinks(text)
  const previews = pieces.flatMap(({ link }) => (link === undefined ? [] : [{ balloon: link }]))
  if (rewrite === 'split-links')
    return pieces.map(({ text, link }) => (link === undefined ? { text } : { balloon: link }))
  if (rewrite === 'previews') return [{ text }, ...previews]
  return [{ text: rewriteText(text, rewrite) }]
}

const rewriteText = (text: string, rewrite: Rewrite | undefined): string => {
  if (rewrite === 'smart-punctuation') return `${text.replaceAll('...', '…').replaceAll('--', '—')} `
  if (rewrite === 'strip-variation-selectors') return text.replace(/[\uFE00-\uFE0F]/g, '')
  if (rewrite !== 'smart-quotes') return text
  return text
    .replace(/(^|[\s([{])"/g, '$1“')
    .replaceAll('"', '”')
    .replace(/(^|[\s([{])'/g, '$1‘')
    .replaceAll("'", '’')
}

/** Waits, but not for a simulator that is gone with its folder: then it is false. */
const pause = async (dir: string, ms: number): Promise<boolean> => {
  const until = performance.now() + ms
  for (let left = ms; left > 0; left = until - performance.now()) {
    await sleep(Math.min(left, 250))
    if (!existsSync(dir)) return false
  }
  return true
}
