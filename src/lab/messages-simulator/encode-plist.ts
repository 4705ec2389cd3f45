/**
 * `message.message_summary_info` as an edit (`ep`) or a withdrawal (`rp`) of part 0 leaves it, without the history of edits.
 */
export const encodeSummary = (key: 'ep' | 'rp'): Buffer => encodePlist(new Map([[key, [0]]]))

/** `message.payload_data` of the preview of a link: a keyed archive, in which the link stands twice. */
export const encodeLinkPayload = (url: string): Buffer =>
  encodePlist(
    new Map<string, Value>([
      ['$version', 100_000],
      ['$archiver', 'NSKeyedArchiver'],
      ['$top', new Map([['root', uid(1)]])],
      [
        '$objects',
        [
          '$null',
          new Map([['richLinkMetadata', uid(2)]]),
          new Map<string, Value>([
            ['originalURL', uid(3)],
            ['URL', uid(3)],
            ['title', uid(5)],
          ]),
          new Map([['NS.relative', uid(4)]]),
          url,
          'A page',
        ],
      ],
    ]),
  )

type Uid = { readonly uid: number }
type Value = string | number | Uid | readonly Value[] | ReadonlyMap<string, Value>
const uid = (number: number): Uid => ({ uid: number })

/** A binary property list of fewer than 256 objects. */
const encodePlist = (root: Value): Buffer => {
  const objects: Buffer[] = []
  const add = (value: Value): number => {
    const index = objects.push(Buffer.alloc(0)) - 1
    objects[index] = encode(value)
    return index
  }
  const encode = (value: Value): Buffer => {
    if (typeof value === 'number') return integer(value)
    if (typeof value === 'string') {
      const isAscii = /^[\0-\x7f]*$/.test(value)
      return Buffer.concat([
        head(isAscii ? 0x50 : 0x60, value.length),
        isAscii ? Buffer.from(value, 'latin1') : Buffer.from(value, 'utf16le').swap16(),
      ])
    }
    if (value instanceof Map) {
      const keys = [...value.keys()].map(add)
      const values = [...value.values()].map(add)
      return Buffer.concat([head(0xd0, keys.length), Buffer.from([...keys, ...values])])
    }
    if ('uid' in value) return Buffer.from([0x80, value.uid])
    const items = (value as readonly Value[]).map(add)
    return Buffer.concat([head(0xa0, items.length), Buffer.from(items)])
  }
  add(root)
  const magic = Buffer.from('bplist00', 'latin1')
  let at = magic.length
  const offsets = Buffer.alloc(objects.length * 4)
  for (const [index, object] of objects.entries()) {
    offsets.writeUInt32BE(at, index * 4)
    at += object.length
  }
  const trailer = Buffer.alloc(32)
  trailer[6] = 4 // bytes per offset
  trailer[7] = 1 // bytes per reference
  trailer.writeBigUInt64BE(BigInt(objects.length), 8)
  trailer.writeBigUInt64BE(BigInt(at), 24)
  return Buffer.concat([magic, ...objects, offsets, trailer])
}

const head = (kind: number, length: number): Buffer =>
  length < 15 ? Buffer.from([kind + length]) : Buffer.concat([Buffer.from([kind + 15]), integer(length)])

const integer = (value: number): Buffer => {
  if (value < 0x100) return Buffer.from([0x10, value])
  if (value < 0x10000) return Buffer.from([0x11, value >> 8, value & 0xff])
  const wide = Buffer.from([0x12, 0, 0, 0, 0])
  wide.writeUInt32BE(value, 1)
  return wide
}
