import { BEYOND_CORRELATION, CLOSE_REPLACED, CLOSE_UNAUTHORIZED } from '../../protocol/wire.ts'

/** When the agent dials again after the first such end, in ms; each further one in a row may double it, up to 30 s. */
type Redial = { readonly min: number; readonly max: number }

const AT_ONCE: Redial = { min: 0, max: 1_000 }
const SOON: Redial = { min: 250, max: 500 }
const PATIENTLY: Redial = { min: 2_500, max: 5_000 }
const ONCE_A_MINUTE: Redial = { min: 60_000, max: 60_000 }

/** How a backend may close the WebSocket. */
export const CLOSE_CODES = [
  { code: 1000, meaning: 'Nothing is wrong.', 'redials-after-ms': SOON },
  { code: 1001, meaning: 'The backend goes away and comes back soon.', 'redials-after-ms': AT_ONCE },
  { code: 1008, meaning: 'The backend objects to what the agent does.', 'redials-after-ms': PATIENTLY },
  { code: 1012, meaning: 'The backend restarts.', 'redials-after-ms': AT_ONCE },
  { code: 1013, meaning: 'Too busy: try again later.', 'redials-after-ms': PATIENTLY },
  {
    code: CLOSE_UNAUTHORIZED,
    meaning: 'The secret is wrong. The agent reconnects at most 5 s after its secret was changed.',
    'redials-after-ms': ONCE_A_MINUTE,
    ...BEYOND_CORRELATION,
  },
  { code: 4403, meaning: 'As 4401.', 'redials-after-ms': ONCE_A_MINUTE, ...BEYOND_CORRELATION },
  {
    code: CLOSE_REPLACED,
    meaning: 'A newer connection of the same `edge_agent_id` replaces this one.',
    'redials-after-ms': { min: 30_000, max: 60_000 },
    ...BEYOND_CORRELATION,
  },
  { code: 'any other', meaning: 'The connection ended.', 'redials-after-ms': SOON },
] as const

/** How a backend may answer the upgrade. */
export const UPGRADE_ANSWERS = [
  { status: 101, meaning: 'The WebSocket is open.' },
  { status: 400, meaning: '`edge_agent_id` is missing or empty.', 'redials-after-ms': ONCE_A_MINUTE },
  { status: 401, meaning: 'The secret is wrong.', 'redials-after-ms': ONCE_A_MINUTE },
  { status: 403, meaning: 'This agent is not accepted.', 'redials-after-ms': ONCE_A_MINUTE },
  { status: 429, meaning: 'Too much at once. `Retry-After` is obeyed.', 'redials-after-ms': PATIENTLY },
  {
    status: 503,
    meaning: 'No WebSocket for now: the reflex comes with the HTTP answer. `Retry-After` is obeyed.',
    'redials-after-ms': PATIENTLY,
  },
  { status: '5XX', meaning: 'The backend has a problem. `Retry-After` is obeyed.', 'redials-after-ms': SOON },
  {
    status: 'any other',
    meaning: 'There is no backend here. Redirects are not followed.',
    'redials-after-ms': ONCE_A_MINUTE,
  },
] as const
