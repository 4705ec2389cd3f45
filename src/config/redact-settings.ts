import { z } from 'zod'
import { REDACT_ACTIONS, REDACT_KINDS } from '../redact/redact.ts'
import { patternPart, ruleName } from './filter-settings.ts'
import { aboutPart, namedTables } from './tables.ts'

const patternName = ruleName
  .refine(name => !(REDACT_KINDS as readonly string[]).includes(name.toLowerCase()))
  .register(aboutPart, {
    expects: `a name of up to 40 letters, digits, spaces, hyphens and dots, other than ${REDACT_KINDS.join(', ')}`,
  })

/** Patterns of the user's own. */
export const redactPatterns = namedTables(
  {
    name: patternName,
    pattern: patternPart,
    action: z
      .enum(REDACT_ACTIONS)
      .prefault('mask')
      .register(aboutPart, { expects: REDACT_ACTIONS.map(action => `"${action}"`).join(' or ') }),
  },
  {
    description:
      'What else to redact, each with [name] in its place; see redaction.md. Written as tables [[redact.patterns]].',
    expects: 'a list of tables [[redact.patterns]]',
  },
)
