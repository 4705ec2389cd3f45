/**
 * The floor, as a process of its own like the agent is: Node, one WebSocket to the backend, and what the backend asks
 * for over it done at once, with nothing in between. Answers with when it began.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { WebSocket } from 'ws'
import { EDGE_MESSAGE_PATH, EDGE_WS_PATH } from '../../src/protocol/wire.ts'
import { clock } from './clock.ts'

export type Errand =
  | { readonly do: 'post'; readonly body: string }
  /** `output`: the file for what it writes. */
  | { readonly do: 'spawn'; readonly program: string; readonly args: readonly string[]; readonly output: string }
  | { readonly do: 'tell-cpu' }

/** Milliseconds: Unix time of the beginning, or the processor time used so far. */
export type Told = { readonly ms: number }

const [backend = '', id = ''] = process.argv.slice(2)
const socket = new WebSocket(`${backend.replace(/^http/, 'ws')}${EDGE_WS_PATH}?edge_agent_id=${id}`)
const tell = (told: Told): void => socket.send(JSON.stringify(told))

socket.on('message', data => {
  const errand: Errand = JSON.parse(data.toString())
  if (errand.do === 'post') post(errand.body)
  else if (errand.do === 'spawn') start(errand.program, errand.args, errand.output)
  else tell({ ms: (process.cpuUsage().user + process.cpuUsage().system) / 1000 })
})
socket.on('close', () => process.exit(0))

const agent = new Agent({ keepAlive: true })

const post = (body: string): void => {
  const ms = clock()
  request(backend + EDGE_MESSAGE_PATH, { agent, method: 'POST', headers: { 'Content-Type': 'application/json' } })
    .on('response', response => response.resume().on('end', () => tell({ ms })))
    .end(body)
}

const start = (program: string, args: readonly string[], file: string): void => {
  const output = openSync(file, 'a', 0o600)
  const ms = clock()
  spawn(program, args, { detached: true, stdio: ['ignore', output, output] })
  closeSync(output)
  tell({ ms })
}
