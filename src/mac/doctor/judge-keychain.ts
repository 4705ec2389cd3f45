import type { EdgeError } from '../../agent/core/errors.ts'
import type { SecretSource } from '../../config/secret.ts'
import { type Check, verdictsOf } from './check.ts'
import type { AgentLife } from './look-at-agent.ts'
import { quote } from './quote.ts'

const { ok, warning, failed } = verdictsOf('settings')

export type FoundSecret =
  | { readonly kind: 'found'; readonly secret: string | undefined }
  | { readonly kind: 'unreadable'; readonly error: Pick<EdgeError, 'code' | 'message' | 'remedy'> }

/** No check at all where the secret is somewhere else. */
export const judgeKeychain = (source: SecretSource, found: FoundSecret, agent: AgentLife): readonly Check[] => {
  if (source.kind !== 'keychain') return []
  const ofAgent =
    agent.kind === 'running' ? agent.status.problems.find(({ code }) => code.startsWith('keychain_')) : undefined
  if (ofAgent !== undefined) {
    return [failed('keychain', `the agent cannot read its secret: ${say(ofAgent)}`, ofAgent.remedy || INIT)]
  }
  if (found.kind === 'found') return [ok('keychain', `the item ${source.service} exists and can be read`)]
  const { error } = found
  const cure = error.remedy ?? INIT
  return agent.kind === 'running' && OF_TERMINAL.has(error.code)
    ? [warning('keychain', `the agent has its secret, but this terminal cannot read it: ${say(error)}`, cure)]
    : [failed('keychain', `the secret cannot be read: ${say(error)}`, cure)]
}

/** The session of a terminal, over SSH say, may be refused what that of the agent is granted. */
const OF_TERMINAL: ReadonlySet<string> = new Set(['keychain_locked', 'keychain_refused', 'keychain_unanswered'])

const INIT = 'edge-agent init'

/** Both are words of "security" in part, and have the agent's id. */
const say = ({ code, message }: { readonly code: string; readonly message: string }): string =>
  `${code}, ${quote(message)}`
