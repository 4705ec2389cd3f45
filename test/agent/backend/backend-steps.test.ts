import { HttpResponse, http as msw } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { backendSteps } from '../../../src/agent/backend/backend-steps.ts'

const server = setupServer()
beforeAll(() => server.listen())
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

const ask = (secret: string | undefined = 's3cret') =>
  backendSteps({ backendUrl: 'https://backend.example/prefix', agentId: 'edge_1', secret }).http({ timeoutMs: 5_000 })
const answerWith = (status: number, headers: Readonly<Record<string, string>> = {}): void =>
  server.use(msw.post('https://backend.example/prefix/edge/message', () => new HttpResponse(null, { status, headers })))

test('the step of the secret POSTs where messages go, as the agent does, and no message', async () => {
  let asked: Request | undefined
  server.use(
    msw.post('https://backend.example/prefix/edge/message', ({ request }) => {
      asked = request.clone()
      return new HttpResponse(null, { status: 422 })
    }),
  )
  expect(await ask()).toMatchObject({ kind: 'fine', found: { status: 422 } })
  expect(await asked?.text()).toBe('{}')
  expect(Object.fromEntries(asked?.headers ?? [])).toMatchObject({
    authorization: 'Bearer s3cret',
    'x-edge-agent-id': 'edge_1',
    'content-type': 'application/json',
  })
  expect(asked?.headers.has('idempotency-key')).toBe(false)
})

test.each([200, 204, 401, 404, 422, 503])('%i is a fact, not a failure', async status => {
  answerWith(status)
  expect(await ask()).toMatchObject({ kind: 'fine', found: { status, location: undefined } })
})

test('a redirect is told and not followed: the secret stays here', async () => {
  answerWith(308, { Location: 'https://elsewhere.example/' })
  expect(await ask()).toMatchObject({ kind: 'fine', found: { status: 308, location: 'https://elsewhere.example/' } })
})

test('how far the clock of the backend is off comes from its Date', async () => {
  answerWith(200, { Date: new Date(Date.now() + 3_600_000).toUTCString() })
  const { found } = (await ask()) as { readonly found: { readonly clockOffMs: number } }
  expect(Math.abs(found.clockOffMs - 3_600_000)).toBeLessThan(5_000)
})
