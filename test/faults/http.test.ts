import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { answerWith, flood, type HttpEffect, raw, reset, truncated } from '../../src/lab/mock-backend/http-faults.ts'
import { ANNA, BERT } from '../support/conversation.ts'
import { inHouse } from '../support/in-house.ts'
import { makeCertificate } from '../support/make-certificate.ts'
import { readRecords } from '../support/read-records.ts'
import { type House, SECRET, waitFor } from '../support/start-house.ts'
import { startTlsFront } from '../support/start-tls-front.ts'
import { bubblesTo, twoBubbles } from '../support/two-bubbles.ts'

const phone = (n: number) => `+1555000${String(n).padStart(4, '0')}`
const always = { times: Number.POSITIVE_INFINITY }

const sees = (house: House, threadId: string, texts: readonly string[]) =>
  waitFor(
    `${threadId} to see ${texts.length} bubbles`,
    () => house.seen(threadId).length >= texts.length,
    120_000,
  ).then(() => expect(house.seen(threadId)).toEqual(texts))
/** The log says so: a fault that did not strike proves nothing. */
const retriedFor = (house: House, reason: string | RegExp) =>
  waitFor(`a retry for ${reason}`, () =>
    house.log.split('\n').some(line => line.includes('message waits for its retry') && line.match(reason)),
  )
/** Until the agent waits for its next dial for this reason. */
const waiting = async (house: House, code: string | RegExp) => {
  await waitFor(`the end of the connection to be called ${code}`, async () => {
    const { connection } = await house.status()
    return connection.state === 'waiting' && connection.lastError.code.match(code) !== null
  })
  const { connection } = await house.status()
  if (connection.state !== 'waiting') throw new Error(`the connection is ${connection.state} again`)
  return connection
}
const problem = async (house: House, code: string) =>
  (await house.status()).problems.find(problem => problem.code === code)

/** Writes one message into each thread at once, each to be struck by its own fault, and sees all of them answered. */
const allAnswered = (faults: Readonly<Record<string, HttpEffect>>, reason: RegExp) =>
  inHouse({}, async house => {
    await house.startConnected()
    const threads = Object.entries(faults).map(([name, effect], n) => ({ name, effect, from: phone(n) }))
    for (const { effect, from } of threads) house.backend.faults.http.push({ effect, thread_id: from })
    await Promise.all(threads.map(({ name, from }) => house.simulator.receive({ from, text: name })))
    for (const { name, from } of threads) await sees(house, from, bubblesTo(name))
    const retries = house.log.split('\n').filter(line => line.includes('message waits for its retry'))
    expect(retries.filter(line => line.match(reason))).toHaveLength(threads.length)
  })

describe.concurrent('HTTP', () => {
  test('backend down, refused at start: all is delivered afterwards, POSTed in thread order', () =>
    inHouse({}, async house => {
      await house.restartBackend(async () => {
        await house.startAgent()
        for (const text of ['one', 'two', 'three']) {
          await house.simulator.receive({ from: ANNA, text })
          await house.simulator.receive({ from: BERT, text })
        }
        await waitFor('the heads of both threads to be refused', async () => {
          const { messages } = await house.status()
          return messages.waiting === 2 && messages.queued === 4
        })
      })
      const posts = () => house.backend.received.map(({ body }) => JSON.parse(body))
      for (const thread of [ANNA, BERT]) {
        await waitFor('all bubbles', () => house.seen(thread).length === 6)
        const posted = posts().flatMap(({ thread_id, filtered_text }) => (thread_id === thread ? [filtered_text] : []))
        expect(posted).toEqual(['one', 'two', 'three'])
        // Whose answer is there first is seen first.
        expect(house.seen(thread).toSorted()).toEqual(posted.flatMap(text => bubblesTo(text)).toSorted())
      }
    }))

  test.each(['full', 'correlation'] as const)(
    'answer lost after the backend worked (dialect %s): same key, same bytes again, one reply',
    dialect =>
      inHouse({ backend: { dialect } }, async house => {
        await house.startConnected()
        house.backend.faults.http.push({ effect: reset, when: 'after' })
        await house.simulator.receive({ from: ANNA, text: 'hi' })
        await sees(house, ANNA, bubblesTo('hi'))
        const [first, second, ...more] = house.backend.received
        expect(more).toEqual([])
        expect(second).toEqual(first)
      }),
  )

  test('stale keep-alive connection: retried', () =>
    // The WebSocket is one of those that expire: what the backend writes right then is not heard.
    inHouse({ proxy: true, expected: { unheard: 'any' } }, async house => {
      await house.startConnected()
      await house.simulator.receive({ from: ANNA, text: 'one' })
      await waitFor('the answer', async () => (await house.status()).messages.answered === 1)
      house.proxy.expire()
      await house.simulator.receive({ from: ANNA, text: 'two' })
      await retriedFor(house, /network_/)
      await waitFor('all bubbles', () => house.seen(ANNA).length === 4)
    }))

  test('500, 502, 503, 504, with a Retry-After of seconds, a date, garbage, a negative number: never dropped', () =>
    allAnswered(
      {
        500: answerWith(500),
        502: answerWith(502, '<html>bad gateway</html>', { 'Content-Type': 'text/html' }),
        503: answerWith(503),
        504: answerWith(504),
        seconds: answerWith(503, '', { 'Retry-After': '1' }),
        date: answerWith(503, '', { 'Retry-After': new Date(Date.now() + 1_000).toUTCString() }),
        garbage: answerWith(503, '', { 'Retry-After': 'soon' }),
        negative: answerWith(503, '', { 'Retry-After': '-5' }),
      },
      /http_50[0234]/,
    ))

  test('503 with a Retry-After of a day: at most an hour', () =>
    inHouse({ expected: { waiting: ['http_503'] } }, async house => {
      await house.startConnected()
      house.backend.faults.http.push({ effect: answerWith(503, '', { 'Retry-After': '86400' }) })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await retriedFor(house, 'http_503')
      const before = Date.now()
      await house.stopAgent()
      const [message] = readRecords(house).messages
      expect((message?.nextPostMs ?? 0) - before).toBeGreaterThan(50 * 60_000)
      expect((message?.nextPostMs ?? 0) - before).toBeLessThan(61 * 60_000)
      await house.startConnected()
      expect((await house.status()).messages).toEqual({ waiting: 1 })
    }))

  test('429: the other threads wait too', () =>
    inHouse({}, async house => {
      await house.startConnected()
      house.backend.faults.http.push({ effect: answerWith(429, '', { 'Retry-After': '3' }) })
      await house.simulator.receive({ from: ANNA, text: 'one' })
      await retriedFor(house, 'http_429')
      await house.simulator.receive({ from: BERT, text: 'two' })
      await waitFor('Bert to wait', async () => (await house.status()).messages.queued === 1)
      expect(house.backend.received.map(({ thread_id }) => thread_id)).toEqual([ANNA])
      await sees(house, ANNA, bubblesTo('one'))
      await sees(house, BERT, bubblesTo('two'))
    }))

  test('429 while others are still being answered: their answers do not end the wait', async () => {
    const answer = Promise.withResolvers<void>()
    const replies = async ({ thread_id, filtered_text }: { thread_id: string; filtered_text: string }) => {
      if (thread_id === phone(1)) await answer.promise
      return [`B to ${filtered_text}`]
    }
    await inHouse({ backend: { ...twoBubbles, replies } }, async house => {
      await house.startConnected()
      await house.simulator.receive({ from: phone(1), text: 'hard' })
      await waitFor('its POST', () => house.backend.received.length === 1)
      house.backend.faults.http.push({ effect: answerWith(429, '', { 'Retry-After': '8' }) })
      await house.simulator.receive({ from: ANNA, text: 'one' })
      await retriedFor(house, 'http_429')
      answer.resolve()
      await sees(house, phone(1), bubblesTo('hard'))
      await house.simulator.receive({ from: BERT, text: 'two' })
      await sees(house, BERT, bubblesTo('two'))
      await sees(house, ANNA, bubblesTo('one'))
      const asked = house.events.find(({ type }) => type === 'struck')?.at ?? 0
      const posted = house.events.find(event => event.type === 'posted' && event.message.thread_id === BERT)?.at ?? 0
      expect(posted - asked).toBeGreaterThanOrEqual(7_900)
    })
  })

  test('503 with a Retry-After of 0 or a date long past, again and again: backed off from', () =>
    inHouse({}, async house => {
      await house.startConnected()
      const headers = ['0', 'Mon, 17 Nov 2025 20:00:00 GMT']
      for (const [n, value] of headers.entries()) {
        const effect = answerWith(503, '', { 'Retry-After': value })
        house.backend.faults.http.push({ effect, thread_id: phone(n), times: 3 })
        await house.simulator.receive({ from: phone(n), text: value })
      }
      for (const [n, value] of headers.entries()) await sees(house, phone(n), bubblesTo(value))
      const waits = house.log.match(/(?<="posts":3,"waitMs":)\d+/g) ?? []
      expect(waits).toHaveLength(2)
      for (const ms of waits) expect(Number(ms)).toBeGreaterThanOrEqual(2_000)
    }))

  test('401, then accepted after the secret was changed: paused, not lost, resumes without a restart', () =>
    inHouse({ env: { EDGE_SECRET: '' } }, async house => {
      const file = join(house.dir, 'secret')
      writeFileSync(file, 'yesterdays', { mode: 0o600 })
      await house.startAgent({ EDGE_SECRET_FILE: file })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor(
        'the problem',
        async () => (await problem(house, 'backend_refuses'))?.message.includes('401') ?? false,
      )
      expect((await house.status()).connection).toMatchObject({ lastError: { code: 'unauthorized' } })
      expect(house.backend.received).toEqual([])
      writeFileSync(file, SECRET)
      await sees(house, ANNA, bubblesTo('hi'))
      await house.connected()
      expect(await problem(house, 'backend_refuses')).toBeUndefined()
    }))

  test('403, 404, 405, 410: one probe, one alarm, nothing parked; goes on when the road is right again', () =>
    inHouse({}, async house => {
      await house.startConnected()
      for (const status of [403, 404, 405, 410]) {
        const posts = house.backend.received.length
        const lift = house.backend.faults.http.push({ effect: answerWith(status, 'no'), ...always })
        await house.simulator.receive({ from: ANNA, text: `a${status}` })
        await waitFor('the problem', async () => {
          return (await problem(house, 'backend_refuses'))?.message.includes(`http_${status}`) ?? false
        })
        await house.simulator.receive({ from: BERT, text: `b${status}` })
        await waitFor('Bert to wait', async () => (await house.status()).messages.queued === 1)
        expect(house.backend.received).toHaveLength(posts + 1)
        lift()
        // The next probe would be in a minute; a new connection is a reason to look earlier.
        house.backend.faults.socket.close(1012)
        await waitFor('both answers', async () => {
          const { queued, waiting, posting } = (await house.status()).messages
          return !queued && !waiting && !posting
        })
        await waitFor('the end of the problem', async () => (await problem(house, 'backend_refuses')) === undefined)
      }
      const alarms = house.log.split('\n').filter(line => line.includes('"code":"backend_refuses","remedy"'))
      expect(alarms).toHaveLength(4)
    }))

  test('404 for one thread alone, for ever: the others flow', () =>
    inHouse({ expected: { waiting: ['http_404'] } }, async house => {
      await house.startConnected()
      house.backend.faults.http.push({ effect: answerWith(404, 'who is Anna?'), thread_id: ANNA, ...always })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('the problem', async () => (await problem(house, 'backend_refuses')) !== undefined)
      for (const n of [1, 2]) await house.simulator.receive({ from: phone(n), text: 'hi' })
      await waitFor('them to wait', async () => (await house.status()).messages.queued === 2)
      // The next probe would be in a minute; a new connection is a reason to look earlier.
      house.backend.faults.socket.close(1012)
      for (const n of [1, 2]) await sees(house, phone(n), bubblesTo('hi'))
      const posts = () => house.backend.received.filter(({ thread_id }) => thread_id === ANNA).length
      await waitFor('Anna to be tried again', () => posts() >= 3)
      await house.simulator.receive({ from: phone(1), text: 'still there?' })
      await sees(house, phone(1), bubblesTo('hi', 'still there?'))
      expect(await problem(house, 'backend_refuses')).toBeUndefined()
    }))

  test.each([301, 302, 307, 308])(
    'redirect %i to another host: not followed, no credentials elsewhere',
    async status => {
      const strangers: string[] = []
      const elsewhere = createServer((request, response) => {
        strangers.push(`${request.method} ${request.url} ${request.headers.authorization}`)
        response.end()
      })
      await new Promise<void>(resolve => elsewhere.listen(0, '127.0.0.1', resolve))
      const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/edge/message`
      try {
        await inHouse({}, async house => {
          await house.startConnected()
          house.backend.faults.http.push({ effect: answerWith(status, '', { Location: location }) })
          await house.simulator.receive({ from: ANNA, text: 'hi' })
          await waitFor('the problem', async () => {
            return (await problem(house, 'backend_refuses'))?.message.includes('redirect') ?? false
          })
          house.backend.faults.socket.close(1012)
          await sees(house, ANNA, bubblesTo('hi'))
        })
        expect(strangers).toEqual([])
      } finally {
        elsewhere.close()
      }
    },
  )

  test('409 while the first try still works, then 200: repeated under the same key, one reply', () =>
    inHouse({ proxy: true, backend: { thinkMs: 8_000 }, expected: { unheard: 'any' } }, async house => {
      await house.startConnected()
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('the reflex', () => house.seen(ANNA).length === 1)
      house.proxy.reset()
      await retriedFor(house, 'http_409')
      await sees(house, ANNA, bubblesTo('hi'))
      expect(new Set(house.backend.received.map(({ key }) => key)).size).toBe(1)
    }))

  test('409 for ever: repeated, and visible', () =>
    inHouse({}, async house => {
      await house.startConnected()
      const lift = house.backend.faults.http.push({ effect: answerWith(409, '', { 'Retry-After': '1' }), ...always })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('the third POST', () => house.backend.received.length === 3)
      await waitFor('it to wait', async () =>
        (await house.queue()).messages.some(({ reason }) => reason === 'http_409'),
      )
      lift()
      await sees(house, ANNA, bubblesTo('hi'))
    }))

  test('400, 413, 415, 422: parked with the reason, those behind it flow', () =>
    inHouse({ expected: { deadLetters: ['http_400', 'http_413', 'http_415', 'http_422'] } }, async house => {
      await house.startConnected()
      const statuses = [400, 413, 415, 422]
      for (const [n, status] of statuses.entries()) {
        house.backend.faults.http.push({ effect: answerWith(status, `no: ${status}`), thread_id: phone(n) })
        await house.simulator.receive({ from: phone(n), text: 'bad' })
        await house.simulator.receive({ from: phone(n), text: 'good' })
      }
      for (const n of statuses.keys()) await sees(house, phone(n), bubblesTo('good'))
      const { messages } = await house.queue()
      expect(messages.map(({ state, reason, detail }) => [state, reason, detail]).toSorted()).toEqual(
        statuses.map(status => ['dead', `http_${status}`, `no: ${status}`]),
      )
    }))

  test('200 with HTML, invalid JSON, empty, 204, wrong types, 10,000 bubbles: as a 5xx, never taken as "no reply"', () =>
    allAnswered(
      {
        html: answerWith(200, '<html>welcome to the hotel</html>', { 'Content-Type': 'text/html' }),
        'invalid JSON': answerWith(200, '{"should_respond": false'),
        empty: answerWith(200),
        204: answerWith(204),
        'wrong types': answerWith(200, { should_respond: 'false', reply_bubbles: 'none' }),
        '10,000 bubbles': answerWith(200, { should_respond: true, reply_bubbles: Array(10_000).fill('x') }),
      },
      /"(not_json|empty|wrong_shape)"/,
    ))

  test('200 with 100 MB or a gzip bomb: cut at 1 MiB', () =>
    allAnswered({ '100 MB': flood(100e6), 'gzip bomb': flood(100e6, { gzip: true }) }, /"too_large"/))

  test('truncated answer, wrong content-length: retried', () =>
    allAnswered(
      {
        truncated,
        'too short': raw('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"should_respond":false}'),
        'no length at all': raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n18\r\n{"should_respond"'),
        'no HTTP': raw('SSH-2.0-OpenSSH_9.9\r\n'),
      },
      /"network_/,
    ))

  test('the backend thinks: other threads and the socket are untouched', async () => {
    const answer = Promise.withResolvers<void>()
    const replies = async ({ thread_id, filtered_text }: { thread_id: string; filtered_text: string }) => {
      if (thread_id === ANNA) await answer.promise
      return [`B to ${filtered_text}`]
    }
    await inHouse({ backend: { ...twoBubbles, replies } }, async house => {
      await house.startConnected()
      await house.simulator.receive({ from: ANNA, text: 'hard' })
      await house.simulator.receive({ from: BERT, text: 'easy' })
      await sees(house, BERT, bubblesTo('easy'))
      expect(house.seen(ANNA)).toEqual(['R to hard'])
      answer.resolve()
      await sees(house, ANNA, bubblesTo('hard'))
      expect((await house.status()).connection).toMatchObject({ state: 'open', generation: 1 })
    })
  })

  test('expired, self-signed, wrong-host certificate: slow retry, named in the status, and nothing is said to it', () =>
    inHouse({}, async house => {
      const good = makeCertificate('localhost')
      const expired = makeCertificate('localhost', new Date('2020-01-01'), new Date('2020-02-01'))
      const wrongHost = makeCertificate('elsewhere.example')
      const trusted = join(house.dir, 'trusted.pem')
      writeFileSync(trusted, [good, expired, wrongHost].map(({ cert }) => cert).join(''))
      const front = await startTlsFront(house.backend.port, good)
      const env = { EDGE_BACKEND_URL: `https://localhost:${front.port}`, NODE_EXTRA_CA_CERTS: trusted }
      const bad = {
        CERT_HAS_EXPIRED: expired,
        DEPTH_ZERO_SELF_SIGNED_CERT: makeCertificate('localhost'),
        ERR_TLS_CERT_ALTNAME_INVALID: wrongHost,
      }
      try {
        for (const [code, certificate] of Object.entries(bad)) {
          front.present(certificate)
          await house.startAgent(env)
          await house.simulator.receive({ from: ANNA, text: code })
          await waitFor(
            'the problem',
            async () => (await problem(house, 'backend_refuses'))?.message.includes(code) ?? false,
          )
          const connection = await waiting(house, `tls_${code}`)
          expect(connection.retryAt - connection.since).toBeGreaterThanOrEqual(30_000)
          expect(connection.lastError.remedy).toMatch(/certificate/)
          await house.stopAgent()
        }
        expect(house.events).toEqual([])
        front.present(good)
        await house.startConnected(env)
        await waitFor('all answers', async () => (await house.status()).messages.answered === 3)
        await house.stopAgent()
      } finally {
        await front.close()
      }
      await house.startConnected()
    }))

  test('stalled TLS handshake; DNS failure: retried, named in the status', () =>
    inHouse({}, async house => {
      const mute = createTcpServer(() => {})
      await new Promise<void>(resolve => mute.listen(0, '127.0.0.1', resolve))
      const { port } = mute.address() as AddressInfo
      await house.startAgent({ EDGE_BACKEND_URL: `https://localhost:${port}` })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await retriedFor(house, /network_CONNECT_TIMEOUT/)
      await waiting(house, 'dial_timeout')
      await house.stopAgent()
      mute.close()
      await house.startAgent({ EDGE_BACKEND_URL: 'https://no-such-host.invalid' })
      await retriedFor(house, /network_(ENOTFOUND|EAI_AGAIN)/)
      await waiting(house, /^(ENOTFOUND|EAI_AGAIN)$/)
      await house.stopAgent()
      await house.startConnected()
      await sees(house, ANNA, bubblesTo('hi'))
    }))

  test('1,000 messages waiting at recovery: bounded concurrency, order per thread', async () => {
    let atOnce = 0
    let most = 0
    const replies = async () => {
      atOnce += 1
      most = Math.max(most, atOnce)
      await sleep(20)
      atOnce -= 1
      return { should_respond: false }
    }
    await inHouse({ backend: { replies, reflex: () => undefined, thinkMs: 0 } }, async house => {
      await house.restartBackend(async () => {
        await house.startAgent({ EDGE_RETRY_CONCURRENCY: '8' })
        for (let n = 0; n < 1_000; n += 1) await house.simulator.receive({ from: phone(n % 50), text: `m${n}` })
        await waitFor('all to wait', async () => {
          const { queued = 0, waiting = 0 } = (await house.status()).messages
          return queued + waiting === 1_000
        })
      })
      await waitFor('all answers', async () => (await house.status()).messages.answered === 1_000)
      expect(most).toBeGreaterThan(1)
      expect(most).toBeLessThanOrEqual(8)
    })
  })
})
