import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePattern } from '../../src/agent/matching/compile-pattern.ts'
import { read } from '../../src/redact/reading.ts'
import { compileRedactRules, type RedactRules, redact } from '../../src/redact/redact.ts'
import { disguised, makeCard, makeIban, makeSsn, noise, type Spacing, spaced } from './make-secrets.ts'
import { judgeOrdinary, judgeSecret, MASK_ALL, readOrdinary, readSecrets } from './measure.ts'

const DEFAULTS: RedactRules = { ...MASK_ALL, code: 'skip', email: 'off', phone: 'off' }
const CARD = '4242 4242 4242 4242'

describe('the sentences that the rates are measured with', () => {
  test('of those with a secret none leaks, and nothing else is taken out', () => {
    const failed = readSecrets(new URL('./secrets.txt', import.meta.url)).filter(secret => {
      const { leaks, spoils } = judgeSecret(secret)
      return leaks || spoils
    })
    expect(failed).toEqual([])
  })

  test('one-time codes keep their message back, passwords are masked in theirs', () => {
    const secrets = readSecrets(new URL('./secrets.txt', import.meta.url))
    const keptBack = (kind: string) =>
      secrets.filter(secret => secret.kind === kind && redact(secret.text, DEFAULTS).skip === 'code')
    expect(keptBack('password')).toEqual([])
    // Some PINs of services are told from those of cards by nothing.
    expect(keptBack('code').length).toBeGreaterThan(secrets.filter(({ kind }) => kind === 'code').length * 0.98)
  })

  test('ordinary ones stay as they are', () => {
    const texts = readOrdinary(new URL('./ordinary.txt', import.meta.url))
    expect(texts.length).toBeGreaterThan(400)
    expect(texts.flatMap(text => judgeOrdinary(text) ?? [])).toEqual([])
  })
})

describe('what a kind does', () => {
  test('by default: cards, accounts, numbers of persons and passwords are masked, codes keep the message back', () => {
    expect(redact(`pay with ${CARD}, pw: hunter2`, DEFAULTS)).toEqual({
      text: 'pay with [card], pw: [password]',
      found: { card: 1, password: 1 },
    })
    expect(redact('123456 is your code', DEFAULTS)).toMatchObject({ skip: 'code', found: { code: 1 } })
    expect(redact('mail a@example.com or call +1 562 292 4139', DEFAULTS)).toEqual({
      text: 'mail a@example.com or call +1 562 292 4139',
      found: {},
    })
  })

  test('"off" leaves it, "skip" is said, and the text is masked all the same', () => {
    expect(redact(CARD, { ...DEFAULTS, card: 'off' })).toEqual({ text: CARD, found: {} })
    expect(redact(CARD, { ...DEFAULTS, card: 'skip' })).toEqual({ text: '[card]', found: { card: 1 }, skip: 'card' })
  })

  test('where two kinds are found in one place it is the longer one', () => {
    expect(redact(`password: ${CARD}`, MASK_ALL)).toEqual({ text: 'password: [card]', found: { card: 1 } })
  })

  test('what was masked is not found again, nor is what somebody wrote that looks like it', () => {
    const text = 'password: [password], code: [code], [card] and [mine]'
    expect(redact(text, rulesWith([{ name: 'mine', pattern: '[a-z]+', action: 'mask' }]))).toMatchObject({
      text: '[mine]: [password], [mine]: [code], [card] [mine] [mine]',
    })
    expect(redact(text, MASK_ALL)).toEqual({ text, found: {} })
  })
})

const rulesWith = (patterns: Parameters<typeof compileRedactRules>[0]['patterns']) =>
  compileRedactRules({ ...DEFAULTS, patterns }, compilePattern)

describe('patterns of one’s own', () => {
  test('have a placeholder, a count and an action each', () => {
    const rules = rulesWith([
      { name: 'project', pattern: 'falcon', action: 'mask' },
      { name: 'patient', pattern: 'P-[0-9]{5}', action: 'skip' },
      { name: 'unused', pattern: 'x', action: 'off' },
    ])
    expect(redact('Falcon and falcon, xx', rules)).toEqual({
      text: '[project] and [project], xx',
      found: { project: 2 },
    })
    expect(redact('see P-12345', rules)).toMatchObject({ skip: 'patient', text: 'see [patient]' })
  })

  test('see the text as it is read, and as it is written', () => {
    const rules = rulesWith([
      { name: 'id', pattern: 'K-[0-9]{4}', action: 'mask' },
      { name: 'name', pattern: 'Müller', action: 'mask' },
    ])
    expect(redact('Ｋ-１２\u200b３４ for Müller', rules).text).toBe('[id] for [name]')
  })

  test('that match everything leave placeholders alone', () => {
    const all = rulesWith([{ name: 'all', pattern: '[a-z ]+', action: 'mask' }])
    expect(redact('a [card] b', all).text).toBe('[all][card][all]')
    expect(redact(redact('a [card] b', all).text, all)).toEqual({ text: '[all][card][all]', found: {} })
  })
})

const around = fc.tuple(noise, noise)
const kinds: readonly [string, fc.Arbitrary<{ text: string; value: string }>][] = [
  ['card', disguised(makeCard.chain(digits => spaced(digits, [4, 4, 4, 4, 4])))],
  ['iban', disguised(makeIban.chain(iban => spaced(iban, [4, 4, 4, 4, 4, 4, 4, 4, 4])))],
  ['ssn', disguised(makeSsn.chain(ssn => spaced(ssn, [3, 2, 4], true)))],
]

describe.each(kinds)('%s, in any grouping, of any digits, among any text', (kind, secrets) => {
  test('nothing of it is left, and all around it is', () => {
    fc.assert(
      fc.property(secrets, around, ({ text, value }, [before, behind]) => {
        const source = `${before} ${text} ${behind}`
        const { text: after, found } = redact(source, MASK_ALL)
        expect(read(after).plain.replace(/[^a-z0-9]+/g, '')).not.toContain(value.toLowerCase())
        expect(found[kind]).toBe(1)
        expect(after).toBe(`${before} [${kind}] ${behind}`)
        expect(redact(after, MASK_ALL)).toEqual({ text: after, found: {} })
      }),
      { numRuns: 150 },
    )
  })
})

describe.each<[string, readonly string[], fc.Arbitrary<string>]>([
  [
    'code',
    ['Your code is ', 'Dein Bestätigungscode lautet ', '验证码：', 'код: ', 'Votre code est : ', 'Use code: ', 'OTP '],
    fc.integer({ min: 100_000, max: 999_999 }).map(String),
  ],
  [
    'password',
    ['password: ', 'Das Passwort ist ', 'mot de passe : ', 'contraseña: ', 'pw=', 'пароль: ', 'the wifi password is '],
    fc
      .tuple(fc.constantFrom('hunter', 'Sonne', 'xK9', 'pass.', 'q_'), fc.integer({ min: 10, max: 99_999 }))
      .map(parts => parts.join('')),
  ],
])('%s, after the words, of any letters and digits, among any text', (kind, leads, values) => {
  test('nothing of it is left, and all around it is', () => {
    const value = disguised(values.map((text): Spacing => ({ text, value: text })))
    fc.assert(
      fc.property(fc.constantFrom(...leads), value, around, (lead, secret, [before, behind]) => {
        const source = `${before}\n${lead}${secret.text}\n${behind}`
        const { text: after } = redact(source, MASK_ALL)
        expect(after).toBe(`${before}\n${lead}[${kind}]\n${behind}`)
        expect(redact(after, MASK_ALL)).toEqual({ text: after, found: {} })
      }),
      { numRuns: 150 },
    )
  })
})

test.each(['₹', '￥'])('a code at the end of a line is one, though the next begins with %s', next => {
  expect(redact(`Your code is 100000\n${next}`, MASK_ALL).text).toBe(`Your code is [code]\n${next}`)
})

describe('any text', () => {
  const PIECES = [CARD, '123', 'code', 'is', 'password', ':', '[card]', '\ud800', '\u200b', '４', '@', 'a@b.co', '\n']
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc
      .array(fc.constantFrom(...PIECES, ' ', '-', 'DE89370400440532013000', '512-34-5678'))
      .map(parts => parts.join('')),
  )

  test('is never too much for it, and redacting it twice is redacting it once', () => {
    fc.assert(
      fc.property(text, source => {
        const once = redact(source, MASK_ALL)
        expect(redact(once.text, MASK_ALL)).toEqual({ text: once.text, found: {} })
      }),
      { numRuns: 400 },
    )
  })

  test('keeps what is not found to the byte, and each placeholder stands for a stretch of it', () => {
    fc.assert(
      fc.property(text, source => {
        const { text: after, found } = redact(source, MASK_ALL)
        if (Object.keys(found).length === 0) expect(after).toBe(source)
        let at = 0
        for (const part of after.split(/\[(?:card|iban|ssn|code|password|email|phone)\]/)) {
          const next = source.indexOf(part, at)
          expect(next).toBeGreaterThanOrEqual(at)
          at = next + part.length
        }
      }),
      { numRuns: 400 },
    )
  })

  test('of ordinary words is left alone', () => {
    const words = readFileSync(new URL('./ordinary.txt', import.meta.url), 'utf8')
      .split(/[^\p{L}]+/u)
      .filter(word => word.length > 1)
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 30 }), chosen => {
        const source = chosen.join(' ')
        expect(redact(source, { ...MASK_ALL, password: 'off' }).text).toBe(source)
      }),
      { numRuns: 200 },
    )
  })

  test.each([
    ['digits', '4242'],
    ['groups of digits', '4242 '],
    ['digits apart', '4 '],
    ['spaces', ' '],
    ['at signs', '@'],
    ['base64', 'QUJD4242eHl6KzEy/+'],
    ['labels', 'your code is '],
    ['labels and numbers', 'code 1234 '],
    ['passwords', 'password is '],
    ['keycaps', '4\ufe0f\u20e3'],
    ['marks', '\u0301'],
    ['half of a pair', '\ud800'],
    ['brackets', '[card'],
    ['quotes', '"a'],
    ['keys', 'eyJ'],
    ['key blocks', '-----BEGIN PRIVATE KEY-----'],
    ['codes of doors', 'door code C8391 '],
    ['logins', 'a@b.co / '],
    ['passwords before their word', 'hunter2 (the password) '],
    ['answers', 'password it is it is '],
  ])('of 20,000 characters takes no longer than its length: %s', (_, piece) => {
    const of = (length: number) => piece.repeat(Math.ceil(length / piece.length)).slice(0, length)
    redact(of(2_000), MASK_ALL)
    const begun = process.cpuUsage()
    redact(of(20_000), MASK_ALL)
    const { user, system } = process.cpuUsage(begun)
    expect((user + system) / 1_000).toBeLessThan(3_000) // a quadratic search takes many times that
  })
})

test.each([
  ['a card', `pay with ${CARD} now`, CARD, '[card]'],
  ['a password behind its word', 'the wifi password is hunter2!x ok', 'hunter2!x', '[password]'],
])('in a very long text %s is found wherever a window of the reading ends', (_, sentence, secret, placeholder) => {
  for (const at of [49_960, 49_980, 49_995, 50_005, 99_990]) {
    const text = `${'and so on. '.repeat(10_000).slice(0, at)} ${sentence} ${'and so on. '.repeat(6_000)}`
    expect(redact(text, DEFAULTS).text).toBe(text.replace(secret, placeholder))
  }
})
