import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether an `Authorization` header carries this secret. Compared as hashes, so that the time taken tells nothing. */
export const bearerMatches = (authorization: string | undefined, secret: string): boolean => {
  const given = /^Bearer +(.*)$/i.exec(authorization ?? '')?.[1] ?? ''
  return timingSafeEqual(sha256(given), sha256(secret))
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()
