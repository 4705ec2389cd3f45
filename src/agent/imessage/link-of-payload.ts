/**
 * The link that `message.payload_data` of a preview is of: the first one in that property list, which its archive begins with.
 * Empty where there is none to be had; never throws. A string in such a list is a mark, its length, and then its bytes.
 */
export const linkOfPayload = (payload: Uint8Array | null): string => {
  if (payload === null) return ''
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  for (let at = bytes.indexOf('http'); at > 0; at = bytes.indexOf('http', at + 1)) {
    const link = bytes.toString('latin1', at, at + lengthBefore(bytes, at))
    if (/^https?:\/\/[\x21-\x7e]+$/.test(link)) return link
  }
  return ''
}

/** A text of up to 14 ASCII characters has its length in its mark; a longer one has a number after it, of one byte or two. */
const lengthBefore = (bytes: Buffer, at: number): number => {
  if (bytes[at - 3] === ASCII_LONG && bytes[at - 2] === ONE_BYTE) return bytes[at - 1] ?? 0
  if (bytes[at - 4] === ASCII_LONG && bytes[at - 3] === TWO_BYTES) return bytes.readUInt16BE(at - 2)
  const mark = bytes[at - 1] ?? 0
  return (mark & 0xf0) === ASCII && mark !== ASCII_LONG ? mark & 0x0f : 0
}

const ASCII = 0x50
const ASCII_LONG = 0x5f
const ONE_BYTE = 0x10
const TWO_BYTES = 0x11
