import { exploreAll } from './explore-all.ts'
import { ONE_MESSAGE, TWO_MESSAGES } from './scenario.ts'

const one = { ...ONE_MESSAGE, faults: 2, crashes: 1 }
const two = { ...TWO_MESSAGES, faults: 1, crashes: 0 }

exploreAll([
  ['one message, two crashes', { ...one, crashes: 2 }, 50_000],
  [
    'one message, a retry gets other words and what is in doubt is sent again',
    { ...one, words: 'fresh', unknown: 'resend' },
    20_000,
  ],
  ['one message, a retry gets other words, named', { ...one, words: 'fresh', named: true }, 10_000],
  ['one message, its reflex in other words, named', { ...one, words: 'different', named: true }, 10_000],
  ['two messages', { ...two, words: 'own' }, 10_000],
  ['two messages, named', { ...two, words: 'different', named: true }, 10_000],
  ['two messages with one reflex, named', { ...two, named: true }, 10_000],
  ['two messages with one reflex, all POSTs of each get one answer', { ...two, idempotent: true }, 5_000],
  ['two messages with one reflex, what is in doubt is sent again', { ...two, unknown: 'resend', maxTries: 1 }, 10_000],
  ['two messages, retries get other words', { ...two, words: 'fresh' }, 10_000],
  ['two messages with one reflex and no more, a crash', { ...two, bubbles: 1, faults: 0, crashes: 1 }, 10_000],
])
