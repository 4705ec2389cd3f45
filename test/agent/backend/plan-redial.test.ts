import { expect, test } from 'vitest'
import { planRedial } from '../../../src/agent/backend/plan-redial.ts'
import type { SocketEnd } from '../../../src/agent/backend/run-socket.ts'
import { SOCKET_TIMINGS } from '../../../src/agent/backend/socket-timings.ts'

const closed = (code: number): SocketEnd => ({ kind: 'closed', code, reason: '' })
const refused = (status: number, retryAfterMs?: number): SocketEnd => ({
  kind: 'refused',
  status,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
})
const failed = (code: string): SocketEnd => ({ kind: 'failed', code, message: 'why' })

// [how it ended, failures before, code, shortest wait, longest wait]
const table: [SocketEnd, number, string, number, number][] = [
  [closed(1000), 0, 'closed_1000', 250, 500],
  [closed(1006), 0, 'closed_1006', 250, 500],
  [closed(1011), 3, 'closed_1011', 2_000, 4_000],
  [closed(4000), 9, 'closed_4000', 15_000, 30_000],
  [closed(4001), 0, 'closed_4001', 250, 500],
  [closed(1012), 0, 'closed_1012', 0, 1_000],
  [closed(1001), 0, 'closed_1001', 0, 1_000],
  [closed(1012), 1, 'closed_1012', 500, 1_000],
  [closed(1012), 10, 'closed_1012', 15_000, 30_000],
  [closed(1008), 0, 'closed_1008', 2_500, 5_000],
  [closed(1013), 1, 'closed_1013', 5_000, 10_000],
  [closed(1013), 9, 'closed_1013', 15_000, 30_000],
  [closed(4401), 0, 'unauthorized', 60_000, 60_000],
  [closed(4403), 5, 'unauthorized', 60_000, 60_000],
  [closed(4409), 0, 'replaced', 30_000, 60_000],
  [refused(401), 0, 'unauthorized', 60_000, 60_000],
  [refused(403), 0, 'unauthorized', 60_000, 60_000],
  [refused(503), 0, 'http_503', 2_500, 5_000],
  [refused(503, 20_000), 0, 'http_503', 20_000, 20_000],
  [refused(429, 3_600_000), 0, 'http_429', 3_600_000, 3_600_000],
  [refused(502), 0, 'http_502', 250, 500],
  [refused(500, 7_000), 0, 'http_500', 7_000, 7_000],
  [refused(200), 0, 'wrong_road', 60_000, 60_000],
  [refused(302), 0, 'wrong_road', 60_000, 60_000],
  [refused(400), 0, 'wrong_road', 60_000, 60_000],
  [refused(404), 0, 'wrong_road', 60_000, 60_000],
  [failed('ECONNREFUSED'), 0, 'ECONNREFUSED', 250, 500],
  [failed('ENOTFOUND'), 20, 'ENOTFOUND', 15_000, 30_000],
  [failed('silent'), 0, 'silent', 250, 500],
  [failed('WS_ERR_INVALID_UTF8'), 2, 'WS_ERR_INVALID_UTF8', 1_000, 2_000],
  [failed('CERT_HAS_EXPIRED'), 0, 'tls_CERT_HAS_EXPIRED', 60_000, 60_000],
  [failed('ERR_TLS_CERT_ALTNAME_INVALID'), 0, 'tls_ERR_TLS_CERT_ALTNAME_INVALID', 60_000, 60_000],
]

test.each(table)('%j after %i failures is %s and waits %i to %i ms', (end, attempt, code, shortest, longest) => {
  if (end.kind === 'stopped') throw new Error('no redial follows a stop')
  const plan = (chance: number) => planRedial({ end, attempt, random: () => chance, timings: SOCKET_TIMINGS })
  expect(plan(0)).toMatchObject({ delayMs: shortest, error: { code } })
  expect(plan(1)).toMatchObject({ delayMs: longest, error: { code } })
})
