import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createFilter,
  type FilterMessage,
  type FilterRule,
  type FilterSettings,
} from '../../../src/agent/core/filter.ts'
import { compilePattern } from '../../../src/agent/matching/compile-pattern.ts'
import { createNormaliser } from '../../../src/agent/matching/normalise-address.ts'

const ANNA = '+15622924139'
const ANNAS_MAIL = 'anna@example.com'
const BERT = '+15622920001'
const ME = '+15622929999'
const GROUP = 'chat655333'

const direct: FilterMessage = {
  threadId: ANNA,
  sender: ANNA,
  senderAliases: [],
  isGroup: false,
  service: 'iMessage',
  text: 'hello',
  category: 'known',
  mentions: [],
  ownAddresses: [ME],
}
const group: FilterMessage = { ...direct, threadId: GROUP, isGroup: true }

const decide = (settings: Partial<FilterSettings>, message: FilterMessage) => {
  const defaults: FilterSettings = {
    allow: [],
    deny: [],
    groups: 'none',
    names: [],
    startWords: [],
    rules: [],
    people: {},
  }
  return createFilter({ ...defaults, ...settings }, { normalise: createNormaliser('US'), compilePattern })(message)
}
/** `forward default`, `skip denied`: what happens, and why. */
const told = (settings: Partial<FilterSettings>, message: FilterMessage): string => {
  const decision = decide(settings, message)
  return decision.action === 'forward' ? `forward ${decision.rule}` : `skip ${decision.reason}`
}

describe('without any rule', () => {
  test.each<[string, FilterMessage, string]>([
    ['a direct message is forwarded', direct, 'forward default'],
    ['one from an unknown sender too', { ...direct, category: 'unknown' }, 'forward default'],
    ['one of a group is not', group, 'skip group'],
    ['one of a group is not, though it mentions us', { ...group, mentions: [ME] }, 'skip group'],
    ['attachments alone are not', { ...direct, text: '' }, 'skip attachment_only'],
  ])('%s', (_, message, expected) => {
    expect(told({}, message)).toBe(expected)
  })
})

describe('lists', () => {
  const PEOPLE = { anna: ['(562) 292-4139', 'Anna@Example.com'] }
  test.each<[string, Partial<FilterSettings>, FilterMessage, string]>([
    ['a number that is written as people do', { deny: ['562 292 4139'] }, direct, 'skip denied'],
    ['a national number in chat.db', { deny: [ANNA] }, { ...direct, sender: '5622924139' }, 'skip denied'],
    ['a thread', { deny: [GROUP.toUpperCase()] }, group, 'skip denied'],
    ['a sender who is denied, in a group that is allowed', { deny: [ANNA], allow: [GROUP] }, group, 'skip denied'],
    ['another address of one who is denied', { deny: [ANNAS_MAIL], people: PEOPLE }, direct, 'skip denied'],
    ['a person who is denied by name', { deny: ['Anna'], people: PEOPLE }, direct, 'skip denied'],
    [
      'an address that Messages takes for the same',
      { deny: [ANNAS_MAIL] },
      { ...direct, senderAliases: [ANNAS_MAIL] },
      'skip denied',
    ],
    [
      'a sender whose name is that of a person',
      { deny: ['anna'], people: PEOPLE },
      { ...direct, threadId: 'ANNA', sender: 'ANNA' },
      'skip machine',
    ],
    ['a sender who is allowed', { allow: ['562-292-4139'] }, direct, 'forward forward.allow'],
    ['one who is not', { allow: [BERT] }, direct, 'skip not_allowed'],
    ['a group of a sender who is allowed', { allow: [ANNA], groups: 'all' }, group, 'skip not_allowed'],
    ['a group that is allowed', { allow: [GROUP] }, group, 'forward forward.allow'],
    ['a short code is no part of a number', { deny: ['24139'] }, direct, 'forward default'],
  ])('%s', (_, settings, message, expected) => {
    expect(told(settings, message)).toBe(expected)
  })
})

describe('groups', () => {
  const MENTIONED = { groups: 'mentioned', names: ['Jarvis', 'Zoë'] } as const
  const STARTS = { groups: 'start_word', startWords: ['Hey Bot', '/bot', '机器人'] } as const
  const say = (text: string): FilterMessage => ({ ...group, text })
  test.each<[string, Partial<FilterSettings>, FilterMessage, boolean]>([
    ['all of them', { groups: 'all' }, group, true],
    ['none', { groups: 'none' }, group, false],
    ['an @-mention of us', { groups: 'mentioned' }, { ...group, mentions: ['(562) 292-9999'] }, true],
    ['an @-mention of another', { groups: 'mentioned' }, { ...group, mentions: [BERT] }, false],
    ['our name', MENTIONED, say('what does JARVIS think?'), true],
    ['our name with an @', MENTIONED, say('@jarvis hi'), true],
    ['our name in Unicode', MENTIONED, say('ZOE\u0308!'), true],
    ['our name with what cannot be seen', MENTIONED, say('Jar\u200bvis'), true],
    ['our name in a longer word', MENTIONED, say('jarvison, jarvis2, my_jarvis'), false],
    ['our name after a longer word', MENTIONED, say('jarvison? jarvis!'), true],
    ['another name', MENTIONED, say('Zoey'), false],
    ['a start word', STARTS, say('hey, bot: what is up'), true],
    ['a start word after an @', STARTS, say(' "@Hey  bot" hi'), true],
    ['a start word with a mark of its own', STARTS, say('/bot hi'), true],
    ['a start word of a script that has no spaces', STARTS, say('机器人你好'), true],
    ['a start word that goes on', STARTS, say('hey botanist'), false],
    ['a start word in the middle', STARTS, say('I said hey bot'), false],
    ['half of it', STARTS, say('hey'), false],
  ])('%s', (_, settings, message, isForwarded) => {
    expect(told(settings, message)).toBe(isForwarded ? 'forward forward.groups' : 'skip group')
  })
})

describe('a rule holds when all of its criteria do', () => {
  const rows: [Partial<FilterRule>, Partial<FilterMessage>, boolean][] = [
    [{}, {}, true],
    [{ from: [BERT, ANNA] }, {}, true],
    [{ from: [BERT] }, {}, false],
    [{ from: ['anna'] }, { sender: ANNAS_MAIL }, true],
    [{ thread: [ANNAS_MAIL] }, {}, true],
    [{ thread: [ANNA] }, { threadId: GROUP, isGroup: true }, false],
    [{ chat: 'direct' }, {}, true],
    [{ chat: 'group' }, {}, false],
    [{ service: ['sms', 'rcs'] }, { service: 'RCS' }, true],
    [{ service: ['imessage'] }, { service: 'iMessageLite' }, true],
    [{ service: ['sms'] }, {}, false],
    [{ unknownSender: true }, { category: 'unknown' }, true],
    [{ unknownSender: true }, {}, false],
    [{ unknownSender: false }, {}, true],
    [{ mentioned: true }, { mentions: [ME] }, true],
    [{ mentioned: true }, {}, false],
    [{ attachmentsOnly: false }, {}, true],
    [{ attachmentsOnly: true }, {}, false],
    [{ startsWith: ['hello'] }, {}, true],
    [{ startsWith: ['hell'] }, {}, false],
    [{ words: ['pay roll', 'Straße'] }, { text: 'die STRASSE entlang' }, true],
    [{ words: ['pay roll'] }, { text: 'Ｐａｙ\n ro\u00adll!' }, true],
    [{ words: ['pay'] }, { text: 'payroll' }, false],
    [{ words: ["don't", 'x-ray'] }, { text: 'I don\u2019t' }, true],
    [{ words: ['x-ray'] }, { text: 'an X\u2011ray' }, true],
    [{ words: ['don'] }, { text: "don't" }, true],
    [{ words: ['🍕'] }, { text: 'mm🍕mm' }, true],
    [{ words: ['助手'] }, { text: '请助手看看' }, true],
    [{ words: ['ボット'] }, { text: 'ロボット' }, false],
    [{ pattern: 'order \\d+' }, { text: 'Your ORDER 12' }, true],
    [{ pattern: 'order \\d+' }, { text: 'Your or\u200bder １２' }, true],
    [{ pattern: '\\x{200b}' }, { text: 'or\u200bder' }, true],
    [{ pattern: '^\\d+$' }, { text: 'no 5' }, false],
    [{ from: [ANNA], words: ['hello'] }, {}, true],
    [{ from: [ANNA], words: ['bye'] }, {}, false],
    [{ from: [BERT], words: ['hello'] }, {}, false],
  ]
  test.each(rows)('%j with %j: %s', (criteria, change, holds) => {
    const rules = [{ name: 'mine', action: 'skip', ...criteria }] as const
    const people = { anna: [ANNA, ANNAS_MAIL] }
    expect(told({ rules, people }, { ...direct, ...change }) === 'skip rule:mine').toBe(holds)
  })
})

describe('the first that holds decides', () => {
  const SKIP: FilterRule = { name: 'no hello', action: 'skip', words: ['hello'] }
  const FORWARD: FilterRule = { name: 'anna', action: 'forward', from: [ANNA] }
  test.each<[string, Partial<FilterSettings>, FilterMessage, string]>([
    ['of two rules', { rules: [SKIP, FORWARD] }, direct, 'skip rule:no hello'],
    ['in the other order', { rules: [FORWARD, SKIP] }, direct, 'forward rule:anna'],
    ['deny is before the rules', { rules: [FORWARD], deny: [ANNA] }, direct, 'skip denied'],
    ['allow is behind them', { rules: [FORWARD], allow: [BERT] }, direct, 'forward rule:anna'],
    ['groups are behind them', { rules: [FORWARD] }, group, 'forward rule:anna'],
    ['attachments are not words', { rules: [FORWARD] }, { ...direct, text: '' }, 'skip attachment_only'],
    [
      'unless a rule says so',
      { rules: [{ ...FORWARD, attachmentsOnly: true }] },
      { ...direct, text: '' },
      'forward rule:anna',
    ],
    [
      'which then is for them alone',
      { rules: [{ ...FORWARD, attachmentsOnly: true }], allow: [BERT] },
      direct,
      'skip not_allowed',
    ],
    [
      'a rule that skips is for all',
      { rules: [{ name: 'none', action: 'skip' }] },
      { ...direct, text: '' },
      'skip rule:none',
    ],
  ])('%s', (_, settings, message, expected) => {
    expect(told(settings, message)).toBe(expected)
  })

  test('and what was tried before it is told, with the criterion that did not hold', () => {
    const rules = [{ ...SKIP, from: [BERT] }, FORWARD]
    expect(decide({ rules }, direct).steps).toEqual([
      { rule: 'forward.deny', holds: false },
      { rule: 'rule:no hello', holds: false, unmet: 'from' },
      { rule: 'rule:anna', holds: true },
    ])
  })

  test('whatever the message: one step holds, the last, and it is the rule', () => {
    const rules: FilterRule[] = [SKIP, { ...FORWARD, chat: 'group' }, { name: 'x', action: 'skip', pattern: 'x|y' }]
    const messages = fc.record({
      text: fc.string({ unit: 'binary' }),
      isGroup: fc.boolean(),
      sender: fc.constantFrom(ANNA, BERT, ANNAS_MAIL, ''),
      threadId: fc.constantFrom(ANNA, GROUP),
    })
    const settings = fc.record({
      groups: fc.constantFrom('none' as const, 'mentioned' as const, 'start_word' as const, 'all' as const),
      allow: fc.subarray([ANNA, GROUP]),
      deny: fc.subarray([BERT]),
      names: fc.array(fc.string()),
      startWords: fc.array(fc.string()),
    })
    fc.assert(
      fc.property(settings, messages, (given, message) => {
        const { steps, rule } = decide({ ...given, rules }, { ...direct, ...message })
        const holding = steps.filter(({ holds }) => holds).map(step => step.rule)
        const ended = rule === 'forward.allow' || rule === 'forward.groups' ? [steps.at(-1)?.rule] : holding
        expect(ended).toEqual([rule])
        expect(steps.at(-1)?.rule).toBe(rule)
      }),
    )
  })
})

test('nothing is normalised where there is nothing to compare', () => {
  const normalise = () => {
    throw new Error('the numbering plans are loaded')
  }
  const settings = {
    allow: [],
    deny: [],
    groups: 'mentioned',
    names: ['bot'],
    startWords: [],
    rules: [],
    people: {},
  } as const
  const filter = createFilter(settings, { normalise, compilePattern })
  expect([filter(direct).action, filter({ ...group, text: 'bot?' }).action, filter(group).action]).toEqual([
    'forward',
    'forward',
    'skip',
  ])
})
