import { exploreAll } from './explore-all.ts'
import { ONE_MESSAGE, SECOND_CHANGES, STOCK_LINES, TWO_MESSAGES } from './scenario.ts'

const one = { ...ONE_MESSAGE, faults: 2, crashes: 1 }
const two = { ...TWO_MESSAGES, faults: 1, crashes: 0 }
const stock = { ...STOCK_LINES, faults: 1, crashes: 0 }
const three = { threads: ['anna', 'anna', 'anna'], faults: 0 }
const guarded = { ...ONE_MESSAGE, faults: 1, crashes: 1 }

exploreAll([
  ['one message, two crashes', { ...one, crashes: 2 }, 50_000],
  [
    'one message, a retry gets other words and what is in doubt is sent again',
    { ...one, words: 'fresh', unknown: 'resend' },
    20_000,
  ],
  ['one message, a retry gets other words, named', { ...one, words: 'fresh', named: true }, 10_000],
  ['one message, its reflex in other words, named', { ...one, words: 'different', named: true }, 10_000],
  ['two messages with one reflex', two, 10_000],
  ['two messages with one reflex and no more', { ...two, bubbles: 1 }, 20_000],
  ['two messages with one stock line, the connection may be lost', stock, 20_000],
  ['the same, in use for the first time', { ...stock, stock: false }, 20_000],
  ['the same, a kill', { ...stock, faults: 0, crashes: 1 }, 5_000],
  ['two messages, each with a line of its own, the connection may be lost', { ...stock, words: 'own' }, 20_000],
  ['the first of them gets its reflex alone', { ...stock, words: 'own', silent: [1] }, 5_000],
  ['the second of them gets its reflex alone', { ...stock, words: 'own', silent: [2] }, 10_000],
  ['three messages with one stock line', { ...stock, ...three }, 5_000],
  ['three messages with two lines in turn', { ...stock, ...three, words: 'lines', stock: false }, 5_000],
  ['three messages, one after the other, faults', { ...stock, ...three, paced: true, faults: 1 }, 10_000],
  ['two messages', { ...two, words: 'own' }, 10_000],
  ['two messages, named', { ...two, words: 'different', named: true }, 10_000],
  ['two messages with one reflex, named', { ...two, named: true }, 10_000],
  ['two messages with one reflex, all POSTs of each get one answer', { ...two, idempotent: true }, 5_000],
  ['two messages with one reflex, what is in doubt is sent again', { ...two, unknown: 'resend', maxTries: 1 }, 10_000],
  ['two messages, retries get other words', { ...two, words: 'fresh' }, 10_000],
  ['two messages with one reflex and no more, a crash', { ...two, bubbles: 1, faults: 0, crashes: 1 }, 10_000],
  ['the first bubble in parts, faults and a kill', { ...one, long: true, bubbles: 1 }, 1_000],
  ['a person pauses all, faults', { ...guarded, guard: 'pause' }, 2_000],
  ['the owner writes by hand, faults', { ...guarded, guard: 'takeover' }, 2_000],
  ['quiet hours, faults', { ...guarded, guard: 'quiet' }, 1_000],
  ['one bubble a minute, faults', { ...guarded, guard: 'limit' }, 1_000],
  ['one bubble a minute, two messages', { ...two, faults: 0, guard: 'limit' }, 500],
  ['two messages, and the owner writes by hand', { ...two, faults: 0, bubbles: 1, guard: 'takeover' }, 1_000],
  ['the second of two is edited', SECOND_CHANGES, 8_000],
  ['the second of two is taken back', { ...SECOND_CHANGES, change: 'unsend' }, 5_000],
  ['the message is edited, faults', { ...guarded, change: 'edit' }, 4_000],
  ['the message is taken back, faults', { ...guarded, change: 'unsend' }, 2_000],
  ['the second of two messages is taken back', { ...two, words: 'own', faults: 0, change: 'unsend' }, 1_000],
  ['a message for later, a kill', { ...guarded, faults: 0, bubbles: 1, schedule: true }, 2_000],
  [
    'a message for later, while all is paused',
    { ...two, threads: ['anna'], bubbles: 1, faults: 0, schedule: true, guard: 'pause' },
    1_000,
  ],
  ['acks over connections that are lost, a kill', { ...guarded, acks: true }, 3_000],
])
