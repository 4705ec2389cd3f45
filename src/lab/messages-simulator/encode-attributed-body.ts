/** One run of a message's text: a part of it, or an attachment in its place. */
export type BodyRun = {
  readonly text: string
  /** Number of the part the run belongs to, from 0. */
  readonly part: number
  /** `attachment.guid`, for a run that is the U+FFFC of an attachment. */
  readonly transferGuid?: string
  /** The address of whom it @-mentions, for a run that is the name. */
  readonly mention?: string
  /** What Messages heard in a voice message, for the run of its recording. */
  readonly transcript?: string
}

/**
 * An NSAttributedString as Messages archives it into `message.attributedBody`; with `mutable` an
 * NSMutableAttributedString, as older versions and edits have it. A plain text is one run, part 0.
 */
export const encodeAttributedBody = (
  content: string | readonly BodyRun[],
  { mutable = false }: { readonly mutable?: boolean } = {},
): Buffer => {
  const runs = typeof content === 'string' ? (content === '' ? [] : [{ text: content, part: 0 }]) : content
  const archive = createArchive()
  archive.group('@')
  archive.object(mutable ? MUTABLE_ATTRIBUTED_STRING : ATTRIBUTED_STRING, () => {
    archive.group('@')
    archive.string(mutable ? MUTABLE_STRING : STRING, runs.map(run => run.text).join(''))
    for (const [index, run] of runs.entries()) {
      archive.group('iI')
      archive.integer(index + 1)
      archive.integer(run.text.length)
      archive.group('@')
      writeAttributes(archive, run)
    }
  })
  return archive.bytes()
}

const writeAttributes = (archive: Archive, { part, transferGuid, mention, transcript }: BodyRun): void => {
  const entries: readonly (readonly [key: string, writeValue: () => void])[] = [
    ...(transferGuid === undefined
      ? []
      : [['__kIMFileTransferGUIDAttributeName', () => archive.string(STRING, transferGuid)] as const]),
    ...(mention === undefined
      ? []
      : [['__kIMMentionConfirmedMention', () => archive.string(STRING, mention)] as const]),
    ...(transcript === undefined ? [] : [['IMAudioTranscription', () => archive.string(STRING, transcript)] as const]),
    ['__kIMMessagePartAttributeName', () => writeNumber(archive, part)],
  ]
  archive.object(DICTIONARY, () => {
    archive.group('i')
    archive.integer(entries.length)
    for (const [key, writeValue] of entries) {
      archive.group('@')
      archive.once(key, () => archive.string(STRING, key))
      archive.group('@')
      writeValue()
    }
  })
}

const writeNumber = (archive: Archive, value: number): void =>
  archive.once(`number ${value}`, () =>
    archive.object(NUMBER, () => {
      archive.group('*')
      archive.once('type i', () => archive.cString('i'))
      archive.group('i')
      archive.integer(value)
    }),
  )

/** Class chains as the archive names them: name and version, then the parent's. */
type ClassChain = readonly (readonly [name: string, version: number])[]

const OBJECT: ClassChain = [['NSObject', 0]]
const STRING: ClassChain = [['NSString', 1], ...OBJECT]
const MUTABLE_STRING: ClassChain = [['NSMutableString', 1], ...STRING]
const ATTRIBUTED_STRING: ClassChain = [['NSAttributedString', 0], ...OBJECT]
const MUTABLE_ATTRIBUTED_STRING: ClassChain = [['NSMutableAttributedString', 0], ...ATTRIBUTED_STRING]
const DICTIONARY: ClassChain = [['NSDictionary', 0], ...OBJECT]
const NUMBER: ClassChain = [['NSNumber', 0], ['NSValue', 0], ...OBJECT]

type Archive = ReturnType<typeof createArchive>

/** Writes typedstream: what comes up again is written as its index in the table of strings or of objects. */
const createArchive = () => {
  const chunks: Buffer[] = [Buffer.from('\x04\x0bstreamtyped\x81\xe8\x03', 'latin1')]
  const strings = new Map<string, number>()
  const objects = new Map<string, number>()
  let objectCount = 0

  const byte = (value: number): void => {
    chunks.push(Buffer.from([value]))
  }

  /** From -110 to 127 in a byte; the other bytes are marks, of which 0x81 and 0x82 announce two and four bytes. */
  const integer = (value: number): void => {
    if (value >= -110 && value <= 0x7f) byte(value & 0xff)
    else if (value >= -0x8000 && value <= 0xffff) chunks.push(Buffer.from([0x81, value & 0xff, (value >> 8) & 0xff]))
    else {
      const wide = Buffer.from([0x82, 0, 0, 0, 0])
      wide.writeInt32LE(value, 1)
      chunks.push(wide)
    }
  }

  const reference = (index: number): void => integer(index - 110)

  const sharedString = (value: string): void => {
    const known = strings.get(value)
    if (known === undefined) {
      strings.set(value, strings.size)
      byte(NEW)
      integer(value.length)
      chunks.push(Buffer.from(value, 'latin1'))
    } else reference(known)
  }

  /** What goes by the name `id` is the same object wherever it comes up: written once, referred to from then on. */
  const once = (id: string, write: () => void): void => {
    const known = objects.get(id)
    if (known === undefined) {
      objects.set(id, objectCount)
      write()
    } else reference(known)
  }

  const object = (chain: ClassChain, writeContent: () => void): void => {
    objectCount += 1
    byte(NEW)
    classChain(chain)
    writeContent()
    byte(END)
  }

  const classChain = ([first, ...parents]: ClassChain): void => {
    if (first) once(`class ${first[0]}`, () => writeClass(first, parents))
    else byte(NIL)
  }

  const writeClass = ([name, version]: ClassChain[number], parents: ClassChain): void => {
    objectCount += 1
    byte(NEW)
    sharedString(name)
    integer(version)
    classChain(parents)
  }

  return {
    group: sharedString,
    integer,
    once,
    object,
    string: (chain: ClassChain, value: string): void =>
      object(chain, () => {
        const utf8 = Buffer.from(value, 'utf8')
        sharedString('+')
        integer(utf8.length)
        chunks.push(utf8)
      }),
    cString: (value: string): void => {
      objectCount += 1
      byte(NEW)
      sharedString(value)
    },
    bytes: (): Buffer => Buffer.concat(chunks),
  }
}

const NEW = 0x84
const NIL = 0x85
const END = 0x86
