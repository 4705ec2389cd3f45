import { Unarchiver } from '@parseaple/typedstream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAttributedBody } from '../../../src/agent/imessage/attributed-body.ts'
import { type BodyRun, encodeAttributedBody } from '../../../src/lab/messages-simulator/encode-attributed-body.ts'

type Chain = readonly (readonly [name: string, version: number])[]
const OBJECT: Chain = [['NSObject', 0]]
const STRING: Chain = [['NSString', 1], ...OBJECT]
const ATTRIBUTED: Chain = [['NSAttributedString', 0], ...OBJECT]

// In a body of `attributed`, as a reference: the next new shared string, and the class NSObject.
const LAST_STRING = 0x99
const OBJECT_CLASS = 0x94

const run: fc.Arbitrary<BodyRun> = fc.record({
  text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
  part: fc.nat(5),
})

describe('the text', () => {
  test.each([0, 1, 110, 127, 128, 145, 146, 255, 256, 32_767, 32_768, 65_425, 65_535, 65_536, 100_000])(
    'comes back whole at %i bytes',
    length => {
      const text = 'x'.repeat(length)
      expect(readAttributedBody(encodeAttributedBody(text))).toEqual({ text, parts: length === 0 ? [] : [text] })
    },
  )

  test('comes back as it was, whatever it says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.boolean(), (text, mutable) => {
        expect(readAttributedBody(encodeAttributedBody(text, { mutable }))?.text).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  test('keeps a leading byte order mark and the marks of attachments', () => {
    const text = '\uFEFF\uFFFC👩🏽‍🚀 naïve\uFFFD'
    expect(readAttributedBody(encodeAttributedBody(text))?.text).toBe(text)
  })

  test('is read where its bytes are no good UTF-8', () => {
    const blob = encodeAttributedBody('caf*')
    blob[blob.indexOf('*')] = 0xe9
    expect(readAttributedBody(blob)?.text).toBe('caf\uFFFD')
  })

  test('is what another reader of the format finds in the same bytes', () => {
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 8 }), runs => {
        const blob = encodeAttributedBody(runs)
        expect(readAttributedBody(blob)?.text).toBe(Unarchiver.open(blob).decodeSingleRoot().string)
      }),
    )
  })

  test('is read from a view into a larger buffer', () => {
    const blob = encodeAttributedBody('in the middle')
    const larger = Buffer.concat([Buffer.alloc(7, 0x86), blob, Buffer.alloc(7, 0x86)])
    expect(readAttributedBody(new Uint8Array(larger.buffer, larger.byteOffset + 7, blob.length))?.text).toBe(
      'in the middle',
    )
  })
})

describe('the parts', () => {
  test('are the text, cut where one bubble ends and the next begins', () => {
    const runs = ['\uFFFC', 'first 🙂', '\uFFFC', 'second'].map((text, part) => ({
      text,
      part,
      transferGuid: `at_${part}`,
    }))
    expect(readAttributedBody(encodeAttributedBody(runs))?.parts).toEqual(['\uFFFC', 'first 🙂', '\uFFFC', 'second'])
  })

  test('are one where only the attributes change, as around a mention', () => {
    const runs = ['hello ', 'Kunal', ', how are you?'].map(text => ({ text, part: 0 }))
    expect(readAttributedBody(encodeAttributedBody(runs))?.parts).toEqual(['hello Kunal, how are you?'])
  })

  test('survive more objects than fit into references of one byte', () => {
    const runs = Array.from({ length: 300 }, (_, part) => ({ text: `${part} `, part }))
    expect(readAttributedBody(encodeAttributedBody(runs))?.parts).toEqual(runs.map(({ text }) => text))
  })

  test('are none where the runs do not add up to the text, which stays', () => {
    expect(readAttributedBody(attributed('hi', [run1(3, number('i', byte(0)))]))).toEqual({ text: 'hi', parts: [] })
    expect(readAttributedBody(attributed('hi', [run1(1, number('i', byte(0)))]))).toEqual({ text: 'hi', parts: [] })
  })
})

// The part number comes after the value in each dictionary, so it is found only if the value was read to its very end.
describe('attributes of every kind are read to their end', () => {
  const double = Buffer.alloc(9, 0x83)
  double.writeDoubleLE(777_777.25, 1)
  const float = Buffer.alloc(5, 0x83)
  float.writeFloatLE(1.5, 1)
  const values: Record<string, Buffer> = {
    'a string, as of a mention': string('+15551234567'),
    'a mutable string': object([['NSMutableString', 1], ...STRING], group('+', bytes(Buffer.from('mutable')))),
    'a link': object([['NSURL', 0], ...OBJECT], group('c', byte(0)), group('@', string('https://example.com/?q=1'))),
    'data, as of the data detectors': object(
      [['NSData', 0], ...OBJECT],
      group('i', int16(300)),
      group('[300c]', Buffer.alloc(300, 0x86)),
    ),
    'a date': object([['NSDate', 0], ...OBJECT], group('d', double)),
    'a whole double': object([['NSDate', 0], ...OBJECT], group('d', byte(5))),
    'a number of one byte': number('c', byte(0x84)),
    'a boolean': number('B', byte(1)),
    'a number of two bytes': number('s', int16(-300)),
    'a number of four bytes': number('i', Buffer.from([0x82, 1, 2, 3, 4])),
    'an unsigned number of four bytes': number('I', Buffer.from([0x82, 0xff, 0xff, 0xff, 0xff])),
    'a number of eight bytes': number('q', Buffer.from([0x87, 1, 2, 3, 4, 5, 6, 7, 8])),
    'an unsigned number of eight bytes': number('Q', Buffer.from([0x87, 255, 255, 255, 255, 255, 255, 255, 255])),
    'a float': number('f', float),
    'a double': number('d', double),
    'a range': object(
      [['NSValue', 0], ...OBJECT],
      group('*', cString('{_NSRange=QQ}')),
      group('{_NSRange=QQ}', byte(1), byte(2)),
    ),
    'an array of structs': object([['Odd', 0], ...OBJECT], group('[2{?=[2s]c}]', ...[1, 2, 3, 4, 5, 6].map(byte))),
    'a selector, an atom, a class and nil': object(
      [['Odd', 0], ...OBJECT],
      group(':%#@', shared('copy:'), shared('atom'), classes(STRING), byte(0x85)),
    ),
    'a dictionary in a dictionary': dictionary([
      [
        'outer',
        dictionary([
          ['inner', number('i', byte(1))],
          ['list', object([['NSArray', 0], ...OBJECT], group('i', byte(1)), group('@', string('x')))],
        ]),
      ],
    ]),
    'an object of a class that nobody knows': object(
      [['IMFutureThing', 3], ...OBJECT],
      group('i', byte(1)),
      group('@@', string('a'), byte(0x85)),
    ),
  }
  test.each(Object.entries(values))('%s', (_, value) => {
    expect(readAttributedBody(attributed('hi', [run1(2, value)]))).toEqual({ text: 'hi', parts: ['hi'] })
  })

  test('and where one cannot be read, the text is there all the same', () => {
    const value = object([['Odd', 0], ...OBJECT], group('^v', byte(1)))
    expect(readAttributedBody(attributed('hi', [run1(2, value)]))).toEqual({ text: 'hi', parts: [] })
  })
})

test('who is mentioned is told by address, each once', () => {
  const body = encodeAttributedBody([
    { text: '@Dad', part: 0, mention: '+15550001' },
    { text: ' and ', part: 0 },
    { text: '@Mum', part: 0, mention: 'mum@example.com' },
    { text: '@Dad', part: 0, mention: '+15550001' },
  ])
  expect(readAttributedBody(body)).toEqual({
    text: '@Dad and @Mum@Dad',
    parts: ['@Dad and @Mum@Dad'],
    mentions: ['+15550001', 'mum@example.com'],
  })
})

describe('whatever the bytes are, reading them ends well', () => {
  const bodies: readonly Buffer[] = [
    encodeAttributedBody('hello, world'),
    encodeAttributedBody(
      [
        { text: '\uFFFC', part: 0, transferGuid: 'at_0' },
        { text: 'two', part: 1 },
      ],
      { mutable: true },
    ),
  ]

  test('random bytes are no body', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), blob => readAttributedBody(blob) === undefined))
  })

  test('random bytes after a good beginning are read or refused', () => {
    const begin = bodies.flatMap(body => [body.subarray(0, 16), body.subarray(0, 30), body.subarray(0, 90)])
    fc.assert(
      fc.property(fc.constantFrom(...begin), fc.uint8Array({ maxLength: 500 }), (start, rest) => {
        expect(typeof readAttributedBody(Buffer.concat([start, rest]))).toMatch(/^(object|undefined)$/)
      }),
      { numRuns: 2000 },
    )
  })

  test('a body that is cut off has its whole text, or none', () => {
    for (const body of bodies) {
      const text = readAttributedBody(body)?.text
      for (let length = 0; length < body.length; length += 1)
        expect([text, undefined]).toContain(readAttributedBody(body.subarray(0, length))?.text)
    }
  })

  test('a body with one bit flipped is read or refused', () => {
    for (const body of bodies)
      for (let bit = 0; bit < body.length * 8; bit += 1) {
        const flipped = Buffer.from(body)
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const read = readAttributedBody(flipped)
        expect(read === undefined || typeof read.text === 'string').toBe(true)
      }
  })

  test.each([
    ['big-endian streams', Buffer.from('\x04\x0btypedstream\x81\x03\xe8', 'latin1')],
    ['another root', stream(string('not attributed'))],
    ['a root that is nil', stream(byte(0x85))],
    ['a reference to nothing', stream(byte(0x92))],
    ['a root that contains itself', stream(object(ATTRIBUTED, group('@', byte(0x92))))],
    [
      'a class that is its own parent',
      stream(Buffer.concat([byte(0x84), byte(0x84), shared('NSAttributedString'), byte(0), byte(0x93)])),
    ],
    [
      'a string longer than the blob',
      stream(object(ATTRIBUTED, group('@', object(STRING, group('+', Buffer.from([0x82, 0xff, 0xff, 0xff, 0x7f])))))),
    ],
    ['nothing', Buffer.alloc(0)],
  ])('%s: refused', (_, blob) => {
    expect(readAttributedBody(blob)).toBeUndefined()
  })

  test.each([
    ['arrays of what takes no bytes', group('[999999999{?=}]')],
    ['arrays larger than the blob', group('[999999999c]')],
    ['arrays in arrays in arrays', group('[9999[9999[9999[9999{?=}]]]]')],
    ['empty groups by the million', Buffer.concat([group(''), Buffer.alloc(8_000_000, LAST_STRING)])],
    [
      'objects in objects in objects',
      Buffer.concat([shared('@'), Buffer.alloc(300_000, Buffer.from([0x84, OBJECT_CLASS, LAST_STRING]))]),
    ],
    ['encodings without an end', group('{'.repeat(5000))],
    ['encodings in encodings', group(`${'[1'.repeat(120)}c${']'.repeat(120)}`, byte(1))],
  ])('%s cost next to nothing, and not the text', (_, bomb) => {
    const cpu = process.cpuUsage()
    const before = process.memoryUsage.rss()
    expect(readAttributedBody(attributed('hi', [bomb]))).toEqual({ text: 'hi', parts: [] })
    expect(process.cpuUsage(cpu).user / 1000).toBeLessThan(2000)
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 * 1024)
  })

  test('objects and encodings are read as deep and as long as any message has them, and no further', () => {
    const nested = (depth: number): Buffer => (depth === 0 ? string('x') : dictionary([['k', nested(depth - 1)]]))
    const struct = (nameLength: number): Buffer =>
      object([['NSValue', 0], ...OBJECT], group(`{${'n'.repeat(nameLength)}=c}`, byte(1)))
    const partsWith = (value: Buffer) => readAttributedBody(attributed('hi', [run1(2, value)]))?.parts
    expect(partsWith(nested(50))).toEqual(['hi'])
    expect(partsWith(nested(70))).toEqual([])
    expect(partsWith(struct(200))).toEqual(['hi'])
    expect(partsWith(struct(300))).toEqual([])
  })
})

// Bodies written out value by value, with nothing shared, for what the encoder does not write. Functions are hoisted, so the tests come first.

function byte(value: number): Buffer {
  return Buffer.from([value])
}
function int16(value: number): Buffer {
  return Buffer.from([0x81, value & 0xff, (value >> 8) & 0xff])
}
function bytes(content: Buffer): Buffer {
  return Buffer.concat([int16(content.length), content])
}
function shared(value: string): Buffer {
  return Buffer.concat([byte(0x84), bytes(Buffer.from(value))])
}
function cString(value: string): Buffer {
  return Buffer.concat([byte(0x84), shared(value)])
}
function group(types: string, ...values: readonly Buffer[]): Buffer {
  return Buffer.concat([shared(types), ...values])
}
function classes(chain: Chain): Buffer {
  return Buffer.concat([...chain.flatMap(([name, version]) => [byte(0x84), shared(name), byte(version)]), byte(0x85)])
}
function object(chain: Chain, ...groups: readonly Buffer[]): Buffer {
  return Buffer.concat([byte(0x84), classes(chain), ...groups, byte(0x86)])
}
function string(text: string): Buffer {
  return object(STRING, group('+', bytes(Buffer.from(text))))
}
function number(type: string, value: Buffer): Buffer {
  return object([['NSNumber', 0], ['NSValue', 0], ...OBJECT], group('*', cString(type)), group(type, value))
}
function dictionary(entries: readonly (readonly [string, Buffer])[]): Buffer {
  const pairs = entries.flatMap(([key, value]) => [group('@', string(key)), group('@', value)])
  return object([['NSDictionary', 0], ...OBJECT], group('i', byte(entries.length)), ...pairs)
}
/** A run of attributes no. 1, with `value` among them and part 0. */
function run1(length: number, value: Buffer): Buffer {
  const attributes = dictionary([
    ['__kIMAnyAttributeName', value],
    ['__kIMMessagePartAttributeName', number('i', byte(0))],
  ])
  return Buffer.concat([group('iI', byte(1), byte(length)), group('@', attributes)])
}
function attributed(text: string, rest: readonly Buffer[]): Buffer {
  return stream(object(ATTRIBUTED, group('@', string(text)), ...rest))
}
function stream(root: Buffer): Buffer {
  return Buffer.concat([Buffer.from('\x04\x0bstreamtyped\x81\xe8\x03', 'latin1'), group('@', root)])
}
