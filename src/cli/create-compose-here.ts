import type { Config } from '../config/config.ts'
import { compileRedactRules, redact } from '../core/redact.ts'
import { type Composed, composeMessage, type Outgoing } from '../flows/compose-message.ts'
import { compilePattern } from '../matching/compile-pattern.ts'

/** What the agent would POST with these settings. */
export const createComposeHere = (config: Config): ((message: Outgoing) => Composed) => {
  const rules = compileRedactRules(config.redact, compilePattern)
  return message => composeMessage(message, text => redact(text, rules))
}
