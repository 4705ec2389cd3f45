import { exploreAll } from './explore-all.ts'
import { ONE_MESSAGE, STOCK_LINES, TWO_MESSAGES } from './scenario.ts'

const one = { ...ONE_MESSAGE, faults: 1, crashes: 1 }

const paced = { ...STOCK_LINES, paced: true, silent: [2], faults: 1, crashes: 0 }

const stock = { ...STOCK_LINES, words: 'own' as const, faults: 0, crashes: 0 }

const three = { threads: ['anna', 'anna', 'anna'], faults: 0 }

const quick = { ...ONE_MESSAGE, faults: 0, crashes: 1 }

exploreAll([
  ['one message', one, 1_200],
  ['one message, what is in doubt is sent again', { ...one, unknown: 'resend', maxTries: 1 }, 1_200],
  ['one message, a retry gets other words', { ...one, words: 'fresh' }, 2_000],
  ['one message, a retry gets other words, named', { ...one, words: 'fresh', named: true }, 1_200],
  ['one message, its reflex in other words, named', { ...one, words: 'different', named: true }, 1_200],
  ['one message, all its POSTs get one answer', { ...one, idempotent: true, faults: 2, crashes: 0 }, 500],
  ['two messages with one reflex', { ...TWO_MESSAGES, bubbles: 1, faults: 0, crashes: 0 }, 1_000],
  ['two messages with lines of their own, the first without an answer', { ...stock, silent: [1] }, 500],
  ['stock lines, one message after the other, the last one without an answer', paced, 1_000],
  ['the same, in use for the first time', { ...paced, stock: false }, 1_000],
  ['three messages with one stock line, one after the other', { ...paced, ...three, silent: [] }, 100],
  [
    'three messages with two stock lines, one after the other',
    { ...paced, ...three, words: 'lines', silent: [3] },
    100,
  ],
  ['one message, its first bubble in parts', { ...quick, long: true }, 300],
  ['one message, its reflex in other words, in parts', { ...quick, long: true, words: 'different', bubbles: 1 }, 300],
  [
    'two messages, the first bubbles in parts',
    { ...TWO_MESSAGES, words: 'own', long: true, bubbles: 1, faults: 0, crashes: 0 },
    1_000,
  ],
  ['a person pauses all, and resumes', { ...quick, guard: 'pause' }, 400],
  ['the owner writes by hand', { ...quick, guard: 'takeover' }, 800],
  ['quiet hours', { ...quick, guard: 'quiet' }, 150],
  ['one bubble a minute', { ...quick, guard: 'limit' }, 100],
  ['the message is taken back', { ...quick, change: 'unsend' }, 400],
  ['the message is taken back, its reflex names it', { ...quick, change: 'unsend', named: true }, 400],
  ['a message for later, perhaps cancelled', { ...quick, schedule: true, crashes: 0, bubbles: 1 }, 300],
  ['acks over connections that are lost', { ...quick, acks: true, faults: 1, crashes: 0 }, 300],
  ['acks, and a kill', { ...quick, acks: true, bubbles: 1 }, 150],
])
