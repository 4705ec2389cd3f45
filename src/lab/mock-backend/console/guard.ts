import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { bearerMatches } from '../bearer-matches.ts'
import { hasOwnName, isForeignPage } from '../foreign-page.ts'
import type { Refusal } from '../refusal.ts'

export type Guard = ReturnType<typeof createGuard>

/**
 * Who may use the console and its API: requests for a name of this machine, from no other page, with the secret where
 * there is one, as a bearer or as the session of a page that was given it.
 */
export const createGuard = ({ secret, host }: { readonly secret: string | undefined; readonly host: string }) => {
  // Not stored anywhere: it ends with the process.
  const session = createHmac('sha256', randomBytes(32)).update('session').digest('base64url')
  const cookieName = (request: IncomingMessage): string => `mock_backend_${request.socket.localPort ?? 0}`

  const hasSession = (request: IncomingMessage): boolean => {
    const prefix = `${cookieName(request)}=`
    const given = (request.headers.cookie ?? '').split(/; */).find(cookie => cookie.startsWith(prefix))
    return given !== undefined && isSame(given.slice(prefix.length), session)
  }

  return {
    /** A name that somebody else made to mean this machine (DNS rebinding) is none of its own. */
    checkHost: (request: IncomingMessage): Refusal | undefined =>
      hasOwnName(request, [host.toLowerCase()])
        ? undefined
        : { status: 403, error: 'foreign_host', reason: 'ask for it by its address or localhost' },

    checkPage: (request: IncomingMessage): Refusal | undefined =>
      isForeignPage(request)
        ? { status: 403, error: 'foreign_origin', reason: 'another web page may not use this' }
        : undefined,

    checkSecret: (request: IncomingMessage): Refusal | undefined =>
      secret === undefined || hasSession(request) || bearerMatches(request.headers.authorization, secret)
        ? undefined
        : { status: 401, error: 'unauthorized', reason: 'log in with the secret, or send it as a bearer' },

    /** The Set-Cookie header of a session, for who knows the secret. */
    logIn: (request: IncomingMessage, given: string): string | undefined =>
      secret === undefined || bearerMatches(`Bearer ${given}`, secret)
        ? `${cookieName(request)}=${session}; HttpOnly; SameSite=Strict; Path=/`
        : undefined,
  }
}

const isSame = (given: string, expected: string): boolean => {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
