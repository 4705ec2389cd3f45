import { type ComposedNow, composeMessage, type Outgoing } from '../agent/flows/compose-message.ts'
import { compilePattern } from '../agent/matching/compile-pattern.ts'
import type { Config } from '../config/config.ts'
import { compileRedactRules, redact } from '../redact/redact.ts'

/** What the agent would POST with these settings. */
export const createComposeHere = (config: Config): ((message: Outgoing) => ComposedNow) => {
  const rules = compileRedactRules(config.redact, compilePattern)
  return message => composeMessage(message, text => redact(text, rules))
}
