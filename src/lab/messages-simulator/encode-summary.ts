/**
 * `message.message_summary_info` as an edit (`ep`) or a withdrawal (`rp`) of part 0 leaves it, without the history of edits: a
 * binary property list of a dictionary with a list of part numbers.
 */
export const encodeSummary = (key: 'ep' | 'rp'): Buffer => {
  const objects = [
    Buffer.from([0xd1, 1, 2]), // a dictionary of one entry: key 1, value 2
    Buffer.concat([Buffer.from([0x50 + key.length]), Buffer.from(key, 'latin1')]),
    Buffer.from([0xa1, 3]), // a list of one: object 3
    Buffer.from([0x10, 0]), // the number 0
  ]
  const magic = Buffer.from('bplist00', 'latin1')
  const offsets = objects.map((_, index) => Buffer.concat([magic, ...objects.slice(0, index)]).length)
  const trailer = Buffer.alloc(32)
  trailer[6] = 1 // bytes per offset
  trailer[7] = 1 // bytes per reference
  trailer.writeBigUInt64BE(BigInt(objects.length), 8)
  trailer.writeBigUInt64BE(BigInt(Buffer.concat([magic, ...objects]).length), 24)
  return Buffer.concat([magic, ...objects, Buffer.from(offsets), trailer])
}
