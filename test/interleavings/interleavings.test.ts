import { exploreAll } from './explore-all.ts'
import { ONE_MESSAGE, TWO_MESSAGES } from './scenario.ts'

const one = { ...ONE_MESSAGE, faults: 1, crashes: 1 }

exploreAll([
  ['one message', one, 2_000],
  ['one message, what is in doubt is sent again', { ...one, unknown: 'resend', maxTries: 1 }, 2_000],
  ['one message, a retry gets other words', { ...one, words: 'fresh' }, 2_000],
  ['one message, a retry gets other words, named', { ...one, words: 'fresh', named: true }, 2_000],
  ['one message, its reflex in other words, named', { ...one, words: 'different', named: true }, 2_000],
  ['one message, all its POSTs get one answer', { ...one, idempotent: true, faults: 2, crashes: 0 }, 500],
  ['two messages with one reflex', { ...TWO_MESSAGES, faults: 1, crashes: 0 }, 10_000],
])
