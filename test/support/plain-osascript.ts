/**
 * Another stand-in for osascript, that of a stranger: it sends and writes the row, and says nothing of how far it got.
 *
 *     plain-osascript.ts DIR EXIT_CODE SCRIPT ATTEMPT chat|participant ACCOUNT SERVICE TARGET TEXTFILE
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openChatDbWriter } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { appendSent, ledgerFile } from '../../src/lab/messages-simulator/ledger.ts'

/** Puts it into a simulator's folder; the path of the program. `exitCode` is what it ends with after it has sent. */
export const writePlainOsascript = (dir: string, { exitCode = 0 } = {}): string => {
  const path = join(dir, 'plain-osascript')
  const words = [process.execPath, fileURLToPath(import.meta.url), dir, exitCode].map(word => `'${word}'`)
  writeFileSync(path, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`)
  chmodSync(path, 0o755)
  return path
}

const main = async ([dir = '', exitCode, , attempt = '', mode = '', , , target = '', textFile]: readonly string[]) => {
  if (attempt === '' || textFile === undefined) return // it is only asked something
  const text = readFileSync(textFile, 'utf8')
  const guid = mode === 'chat' ? target : `any;-;${target}`
  const chatDb = openChatDbWriter(join(dir, 'chat.db'))
  await sleep(100)
  appendSent(ledgerFile(dir), { at: Date.now(), guid, text, attempt, mode })
  await sleep(50)
  await chatDb.writeOutgoing({ chat: guid, text })
  chatDb.close()
  process.exitCode = Number(exitCode)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2))
