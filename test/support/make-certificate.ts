import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** PEM, both. */
export type Certificate = { readonly cert: string; readonly key: string }

/**
 * A certificate that signs itself: it stands for `host` and for no other, from the one date to the other. Whoever is told
 * to trust it trusts it for that.
 */
export const makeCertificate = (
  host: string,
  from: Date = new Date(Date.now() - DAY_MS),
  to: Date = new Date(Date.now() + DAY_MS),
): Certificate => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // RFC 5280, version 3 with two extensions: the name of the host, and that it may sign (itself).
  const serial = Buffer.concat([Buffer.of(1), randomBytes(8)])
  // No two have the same name: one would be looked for as the issuer of the other.
  const name = sequence(set(sequence(COMMON_NAME, text(`${host} ${serial.toString('hex')}`))))
  const altName = octets(sequence(tagged(0x82, Buffer.from(host))))
  const mayBeAuthority = octets(sequence(TRUE))
  const toBeSigned = sequence(
    tagged(0xa0, Buffer.of(0x02, 0x01, 0x02)),
    tagged(0x02, serial),
    ECDSA_WITH_SHA256,
    name,
    sequence(time(from), time(to)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(sequence(SUBJECT_ALT_NAME, altName), sequence(BASIC_CONSTRAINTS, TRUE, mayBeAuthority))),
  )
  const signature = sign('sha256', toBeSigned, privateKey)
  const der = sequence(toBeSigned, ECDSA_WITH_SHA256, tagged(0x03, Buffer.concat([Buffer.of(0), signature])))
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${der
      .toString('base64')
      .match(/.{1,64}/g)
      ?.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

const DAY_MS = 24 * 60 * 60_000

/** DER: tag, length, content. */
const tagged = (tag: number, content: Buffer): Buffer => {
  const length = content.length < 0x80 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...length), content])
}
const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts))
const set = (part: Buffer): Buffer => tagged(0x31, part)
const octets = (content: Buffer): Buffer => tagged(0x04, content)
const text = (content: string): Buffer => tagged(0x0c, Buffer.from(content))
/** GeneralizedTime, YYYYMMDDHHMMSSZ. */
const time = (date: Date): Buffer => tagged(0x18, Buffer.from(`${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`))

const TRUE = Buffer.of(0x01, 0x01, 0xff)
const COMMON_NAME = Buffer.of(0x06, 0x03, 0x55, 0x04, 0x03)
const SUBJECT_ALT_NAME = Buffer.of(0x06, 0x03, 0x55, 0x1d, 0x11)
const BASIC_CONSTRAINTS = Buffer.of(0x06, 0x03, 0x55, 0x1d, 0x13)
const ECDSA_WITH_SHA256 = sequence(Buffer.of(0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))
