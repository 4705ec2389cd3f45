/**
 * The least that an agent can do: what is new in chat.db is read and POSTed, on a connection that is kept.
 * Plain JavaScript: stripping types would take more memory than what is measured.
 */
import { watch } from 'node:fs'
import { Agent, request } from 'node:http'
import Database from 'better-sqlite3'
import { readAttributedBody } from '../../../dist/agent/imessage/attributed-body.js'

const [chatDb, backendUrl] = process.argv.slice(2)
const db = new Database(chatDb, { readonly: true })
const version = db.prepare('PRAGMA data_version').pluck()
// A row is committed before its join: what is new may stand before what was seen.
const rows = db.prepare(`
  SELECT m.ROWID AS rowid, m.text, m.attributedBody AS body, c.chat_identifier AS thread
  FROM message m JOIN chat_message_join j ON j.message_id = m.ROWID JOIN chat c ON c.ROWID = j.chat_id
  WHERE m.ROWID > ? AND m.is_from_me = 0 ORDER BY m.ROWID`)
const agent = new Agent({ keepAlive: true })
const seen = new Set(rows.all(0).map(({ rowid }) => rowid))
let highest = Math.max(0, ...seen)
let known = version.get()

const look = () => {
  const current = version.get()
  if (current === known) return
  known = current
  for (const { rowid, text, body, thread } of rows.all(highest - 500)) {
    if (seen.has(rowid)) continue
    seen.add(rowid)
    highest = Math.max(highest, rowid)
    post({ thread, text: text ?? readAttributedBody(body)?.text })
  }
}
const post = message => {
  request(backendUrl, { agent, method: 'POST', headers: { 'Content-Type': 'application/json' } }, response =>
    response.resume(),
  ).end(JSON.stringify(message))
}

watch(`${chatDb}-wal`, () => {
  look()
  // The event may come before the commit can be seen.
  for (const ms of [1, 2, 5, 10, 20]) setTimeout(look, ms)
})
setInterval(look, 25)
process.stdout.write('ready\n')
