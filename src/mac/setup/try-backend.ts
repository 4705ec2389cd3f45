import { styleText } from 'node:util'
import { askAgent } from '../../agent/control/ask-agent.ts'
import { controlSocketPath } from '../../agent/control/socket-path.ts'
import { EdgeError } from '../../agent/core/errors.ts'
import { backendProbes, goesOnAfter, type ProbeFact, type ProbeStep, type ProbeTarget } from './probe-backend.ts'

/**
 * Walks the way to the backend and writes each step with its result to `output`, if there is one, as it happens. The WebSocket is
 * left out where an agent runs on this state: to the backend, the dial would take the place of its connection.
 */
export const tryBackend = async (
  target: ProbeTarget & { readonly stateDir: string },
  output: NodeJS.WritableStream | undefined,
): Promise<readonly ProbeFact[]> => {
  const facts: ProbeFact[] = []
  for (const { step, run } of backendProbes(target)) {
    output?.write(`  ${NAMES[step].padEnd(12)} `)
    if (step === 'websocket' && (await isRunning(target.stateDir))) {
      output?.write('not tested: an agent is running here, and the test would replace its connection\n')
      break
    }
    const fact = await run()
    target.signal?.throwIfAborted()
    facts.push(fact)
    output?.write(`${render(fact, output)}\n`)
    if (!goesOnAfter(fact)) break
  }
  return facts
}

const NAMES: Readonly<Record<ProbeStep, string>> = {
  dns: 'name',
  tcp: 'connection',
  tls: 'encryption',
  http: 'HTTP',
  secret: 'secret',
  websocket: 'WebSocket',
}

const isRunning = async (stateDir: string): Promise<boolean> => {
  try {
    await askAgent(controlSocketPath(stateDir), 'status')
    return true
  } catch (error) {
    // One that does not answer may have a connection all the same.
    return !(error instanceof EdgeError && error.code === 'not_running')
  }
}

const render = ({ ok, code, seen, remedy }: ProbeFact, stream: NodeJS.WritableStream): string => {
  const mark = ok ? styleText('green', 'ok    ', { stream }) : styleText('red', 'FAILED', { stream })
  const named = ok || seen.includes(code) ? seen : `${seen} (${code})`
  return `${mark} ${named}${remedy === undefined ? '' : `\n${' '.repeat(15)}${remedy}`}`
}
