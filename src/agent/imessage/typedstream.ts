/**
 * A reader for typedstream, the format of NSArchiver, in which Messages keeps attributed strings. The format has no
 * published description; the layout here is what its public readers agree on, little-endian only.
 *
 * A stream is a header and then groups: a type encoding (`iI`, `@`, `[12c]`) followed by one value per type. An object is
 * its class chain and groups up to an end mark. Encodings and class names are shared in one table; objects, classes and
 * C strings in another. Both are filled in order of first appearance, and later appearances are indexes into them.
 */
export type ArchivedClass = { readonly name: string; readonly parent: ArchivedClass | undefined }

/** An object as archived: the values of all its groups, in order. What they mean depends on the class. */
export type ArchivedObject = { readonly class: ArchivedClass; readonly values: readonly Value[] }

/** A value; `undefined` is nil. Integers beyond 2^53 are rounded. */
export type Value = string | number | Uint8Array | ArchivedObject | ArchivedClass | readonly Value[] | undefined

/**
 * The object at the root of `bytes`, as far as it can be read: where the stream is cut off, malformed or beyond the limits
 * below, objects end at the last value before that place. `undefined` if not even the root's class can be read. Never
 * throws; time and memory are linear in the size of the input.
 */
export const readTypedstream = (bytes: Uint8Array): ArchivedObject | undefined => {
  if (bytes.byteLength > MAX_BYTES) return undefined
  const shared: (ArchivedObject | ArchivedClass | string | undefined)[] = []
  try {
    readRoot(bytes, shared)
  } catch {
    // What was read before stands: an unknown attribute must not cost a message its words.
  }
  const root = shared[0]
  return isObject(root) ? root : undefined
}

const isObject = (value: unknown): value is ArchivedObject =>
  typeof value === 'object' && value !== null && 'class' in value

/** Whether `value` is an object of the class called `name`, or of one that inherits from it. */
export const isKindOf = (value: Value, name: string): value is ArchivedObject => {
  if (!isObject(value)) return false
  for (let at: ArchivedClass | undefined = value.class; at; at = at.parent) if (at.name === name) return true
  return false
}

// Far above what a message needs, and low enough that no blob can keep the daemon busy.
const MAX_BYTES = 16 * 1024 * 1024
const MAX_STEPS = 200_000
const MAX_DEPTH = 64
const MAX_ENCODING = 256

const MAGIC = Buffer.from('\x04\x0bstreamtyped', 'latin1')

// Heads: the byte before a number, string or object. Any other byte is itself the number, save the reserved ones.
const INT16 = 0x81
const INT32 = 0x82
const FLOAT = 0x83
const NEW = 0x84
const NIL = 0x85
const END = 0x86
const INT64 = 0x87
const FIRST_RESERVED = 0x80
const LAST_RESERVED = 0x91
/** What a reference is written as: its index less this, so that the most frequent ones take one byte. */
const FIRST_REFERENCE = 110

const readRoot = (input: Uint8Array, shared: (ArchivedObject | ArchivedClass | string | undefined)[]): void => {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const strings: string[] = []
  const encodings = new Map<string, readonly Type[]>()
  let at = 0
  let depth = 0
  let steps = 0

  const readStream = (): void => {
    if (!take(MAGIC.length).equals(MAGIC)) throw malformed('not a little-endian typedstream')
    readInteger() // the version of the system that wrote it
    readGroup([])
  }

  const readGroup = (into: Value[]): void => {
    step()
    for (const type of readTypes()) into.push(readValue(type))
  }

  const readTypes = (): readonly Type[] => {
    const encoding = readSharedString()
    const types = encodings.get(encoding) ?? parseEncoding(encoding)
    encodings.set(encoding, types)
    return types
  }

  const readValue = (type: Type): Value => {
    step()
    if (typeof type === 'object') return nested(() => ('fields' in type ? type.fields.map(readValue) : readArray(type)))
    switch (type) {
      case '@':
        return readObject()
      case '#':
        return readClass()
      case '+':
        return take(readUnsigned()).toString('utf8')
      case '*':
        return readCString()
      case '%':
      case ':':
        return readSharedString()
      case 'c':
        return take(1).readInt8()
      case 'C':
      case 'B':
        return take(1).readUInt8()
      case 's':
      case 'i':
      case 'l':
      case 'q':
        return readInteger()
      case 'S':
      case 'I':
      case 'L':
      case 'Q':
        return readUnsigned()
      case 'f':
        return bytes[at] === FLOAT ? take(5).readFloatLE(1) : readInteger()
      case 'd':
        return bytes[at] === FLOAT ? take(9).readDoubleLE(1) : readInteger()
      default:
        throw malformed(`unknown type ${type}`)
    }
  }

  const readArray = ({ element, length }: ArrayType): Value => {
    if (element === 'c' || element === 'C') return take(length)
    const array: Value[] = []
    while (array.length < length) array.push(readValue(element))
    return array
  }

  const readObject = (): ArchivedObject | undefined => {
    const head = readHead()
    if (head === NIL) return undefined
    if (head !== NEW) {
      const known = resolve(shared, head)
      if (!isObject(known)) throw malformed('a reference to something else than an object')
      return known
    }
    return nested(() => {
      const slot = shared.push(undefined) - 1 // an object's place in the table comes before its class's
      const archivedClass = readClass()
      if (!archivedClass) throw malformed('an object without a class')
      const content: Value[] = []
      const object = { class: archivedClass, values: content }
      shared[slot] = object
      while (bytes[at] !== END) readGroup(content)
      take(1)
      return object
    })
  }

  const readClass = (): ArchivedClass | undefined => {
    const head = readHead()
    if (head === NIL) return undefined
    if (head !== NEW) {
      const known = resolve(shared, head)
      if (typeof known !== 'object' || isObject(known)) throw malformed('a reference to something else than a class')
      return known
    }
    return nested(() => {
      const name = readSharedString()
      readInteger() // the class's version
      // Filled in last: a class that names itself as its parent is thereby refused.
      const slot = shared.push(undefined) - 1
      const archivedClass = { name, parent: readClass() }
      shared[slot] = archivedClass
      return archivedClass
    })
  }

  const readCString = (): string | undefined => {
    const head = readHead()
    if (head === NIL) return undefined
    if (head === NEW) {
      const slot = shared.push(undefined) - 1
      const string = readSharedString()
      shared[slot] = string
      return string
    }
    const known = resolve(shared, head)
    if (typeof known !== 'string') throw malformed('a reference to something else than a C string')
    return known
  }

  const readSharedString = (): string => {
    const head = readHead()
    if (head === NIL) return ''
    if (head !== NEW) return resolve(strings, head)
    const string = take(readUnsigned()).toString('latin1')
    strings.push(string)
    return string
  }

  const resolve = <Entry>(table: readonly (Entry | undefined)[], head: number): Entry => {
    const entry = table[toInteger(head) + FIRST_REFERENCE]
    if (entry === undefined) throw malformed('a reference to nothing')
    return entry
  }

  /** Counts what may take no bytes, an empty group or struct, so that references to it cannot multiply without end. */
  const step = (): void => {
    steps += 1
    if (steps > MAX_STEPS) throw malformed('too many values')
  }

  const nested = <Result>(read: () => Result): Result => {
    depth += 1
    if (depth > MAX_DEPTH) throw malformed('too deep')
    const result = read()
    depth -= 1
    return result
  }

  const readInteger = (): number => toInteger(readHead())

  const readUnsigned = (): number => {
    const head = readHead()
    const value = toInteger(head)
    if (value >= 0) return value
    if (head === INT16) return value + 2 ** 16
    if (head === INT32) return value + 2 ** 32
    return head === INT64 ? value + 2 ** 64 : head
  }

  const toInteger = (head: number): number => {
    if (head === INT16) return take(2).readInt16LE()
    if (head === INT32) return take(4).readInt32LE()
    if (head === INT64) return Number(take(8).readBigInt64LE())
    if (head >= FIRST_RESERVED && head <= LAST_RESERVED) throw malformed('a mark where a number belongs')
    return head > 0x7f ? head - 0x100 : head
  }

  const readHead = (): number => take(1).readUInt8()

  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw malformed('the end comes too early')
    at += length
    return bytes.subarray(at - length, at)
  }

  readStream()
}

type ArrayType = { readonly element: Type; readonly length: number }
type Type = string | ArrayType | { readonly fields: readonly Type[] }

/** `iI` → i, I; `[12c]` → an array of 12 c; `{_NSRange=QQ}` → a struct of two Q. */
const parseEncoding = (encoding: string): readonly Type[] => {
  if (encoding.length > MAX_ENCODING) throw malformed('an encoding that is too long')
  const tokens = encoding.match(/\[\d+|\{[^={}[\]]*=|./gs) ?? []
  let at = 0
  const parseUntil = (end: string | undefined): readonly Type[] => {
    const types: Type[] = []
    for (let token = tokens[at++]; token !== end; token = tokens[at++]) {
      if (token === undefined) throw malformed('an encoding that does not end')
      types.push(parseType(token))
    }
    return types
  }
  const parseType = (token: string): Type => {
    if (token.length === 1) return token
    if (token.startsWith('{')) return { fields: parseUntil('}') }
    const [element] = parseUntil(']')
    if (element === undefined) throw malformed('an array of nothing')
    return { element, length: Number(token.slice(1)) }
  }
  return parseUntil(undefined)
}

const malformed = (what: string): Error => new Error(`typedstream: ${what}`)
