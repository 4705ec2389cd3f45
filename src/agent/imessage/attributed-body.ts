import { type ArchivedObject, isKindOf, readTypedstream, type Value } from './typedstream.ts'

export type AttributedBody = {
  /** All of the text, with U+FFFC for each attachment and U+FFFD for each app payload in it. */
  readonly text: string
  /** The same text cut into the message's parts, each a bubble of its own; empty where the attributes do not add up. */
  readonly parts: readonly string[]
  /** Addresses of those whom it @-mentions, each once; absent where it mentions nobody. */
  readonly mentions?: readonly string[]
  /** What Messages heard in its voice messages; absent where there is none, or it has not listened yet. */
  readonly transcript?: string
}

/**
 * Reads `message.attributedBody`, an archived NSAttributedString. The string comes first in it and the attributes after,
 * so that a text survives attributes that cannot be read. `undefined` where there is no text to be had; never throws.
 */
export const readAttributedBody = (blob: Uint8Array): AttributedBody | undefined => {
  const root = readTypedstream(blob)
  if (!isKindOf(root, 'NSAttributedString')) return undefined
  const [string, ...runs] = root.values
  if (!isKindOf(string, 'NSString')) return undefined
  const text = string.values[0]
  if (typeof text !== 'string') return undefined
  // Attributes that come up often are one object.
  const attributes = [...new Set(runs)].filter(run => isKindOf(run, 'NSDictionary'))
  const mentions = stringsUnder(attributes, '__kIMMentionConfirmedMention')
  const transcript = stringsUnder(attributes, 'IMAudioTranscription').join('\n')
  return {
    text,
    parts: splitParts(text, runs),
    ...(mentions.length > 0 && { mentions }),
    ...(transcript !== '' && { transcript }),
  }
}

/**
 * The runs are pairs of numbers, which attributes (from 1) and how many UTF-16 units; where attributes come up for the
 * first time their dictionary follows. A part may have several runs, as a mention is a run of its own.
 */
const splitParts = (text: string, runs: readonly Value[]): readonly string[] => {
  const partOf = new Map<number, Value>()
  const parts: string[] = []
  let start = 0
  let previous: Value
  for (let at = 0; at < runs.length; ) {
    const [index, length, attributes] = runs.slice(at, at + 3)
    if (typeof index !== 'number' || typeof length !== 'number') return []
    at += 2
    if (isKindOf(attributes, 'NSDictionary')) {
      partOf.set(index, partNumber(attributes))
      at += 1
    }
    const part = partOf.get(index)
    if (part === undefined) return []
    const run = text.slice(start, start + length)
    if (run.length !== length) return []
    if (part === previous) parts.push((parts.pop() ?? '') + run)
    else parts.push(run)
    previous = part
    start += length
  }
  return start === text.length ? parts : []
}

/** The value of the part attribute; a number is its type, then its value. */
const partNumber = (attributes: ArchivedObject): Value => {
  const number = attribute(attributes, '__kIMMessagePartAttributeName')
  return isKindOf(number, 'NSNumber') ? number.values[1] : undefined
}

/** The strings that some attributes have under a name, each once. */
const stringsUnder = (attributes: readonly ArchivedObject[], name: string): readonly string[] => {
  const strings = attributes.flatMap(each => {
    const value = attribute(each, name)
    const string = isKindOf(value, 'NSString') ? value.values[0] : undefined
    return typeof string === 'string' ? [string] : []
  })
  return [...new Set(strings)]
}

/** A dictionary is its count, then keys and values. */
const attribute = ({ values }: ArchivedObject, name: string): Value =>
  values[values.findIndex((value, at) => at % 2 === 1 && isKindOf(value, 'NSString') && value.values[0] === name) + 1]
