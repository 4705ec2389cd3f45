import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type ConnectionStatus, keepConnected } from '../../../src/agent/backend/keep-connected.ts'
import { createPostMessage } from '../../../src/agent/backend/post-message.ts'

test('a self-signed certificate is the wrong road for POSTs and WebSocket alike, and no secret is sent', async () => {
  let requests = 0
  const server = https.createServer(selfSigned(), () => {
    requests += 1
  })
  server.on('upgrade', () => {
    requests += 1
  })
  const port = await listen(server)
  expect(await tryPost(port)).toMatchObject({ kind: 'refuses-all', reason: 'tls_DEPTH_ZERO_SELF_SIGNED_CERT' })
  const status = await tryToConnect(port)
  expect(status.lastError).toMatchObject({ code: 'tls_DEPTH_ZERO_SELF_SIGNED_CERT', remedy: expect.any(String) })
  expect(status.retryAt - status.since).toBe(60_000)
  expect(requests).toBe(0)
})

test('a port that does not speak TLS is the wrong road', async () => {
  const port = await listen(http.createServer())
  expect(await tryPost(port)).toMatchObject({ kind: 'refuses-all', reason: expect.stringMatching(/^tls_/) })
  const status = await tryToConnect(port)
  expect(status.lastError.code).toMatch(/^tls_/)
})

const listen = async (server: http.Server | https.Server): Promise<number> => {
  server.listen(0, 'localhost')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

const tryPost = (port: number) =>
  createPostMessage({ backendUrl: `https://localhost:${port}`, agentId: 'edge_1', readSecret: () => 's3cret' })({
    key: 'k',
    body: '{}',
    signal: new AbortController().signal,
  })

const tryToConnect = async (port: number) => {
  const stop = new AbortController()
  const { promise, resolve } = Promise.withResolvers<Extract<ConnectionStatus, { readonly state: 'waiting' }>>()
  const done = keepConnected({
    backendUrl: `https://localhost:${port}`,
    agentId: 'edge_1',
    readSecret: () => 's3cret',
    signal: stop.signal,
    random: () => 1,
    now: () => 0,
    onOpen: () => {},
    onText: () => {},
    onProtocolError: () => {},
    onWake: () => {},
    onStatus: status => {
      if (status.state === 'waiting') resolve(status)
    },
  })
  const status = await promise
  stop.abort()
  await done
  return status
}

const selfSigned = (): { readonly key: Buffer; readonly cert: Buffer } => {
  const folder = mkdtempSync(join(tmpdir(), 'edge-agent-tls-'))
  const key = join(folder, 'key.pem')
  const cert = join(folder, 'cert.pem')
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost']
  execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const pair = { key: readFileSync(key), cert: readFileSync(cert) }
  rmSync(folder, { recursive: true })
  return pair
}
