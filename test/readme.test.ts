import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startHouse, waitFor } from './support/start-house.ts'

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const ANNA = '+15622924139'

test('an agent works with the backend of the README', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'edge-readme-'))
  const program = join(dir, 'backend.mjs')
  const [, source = ''] = /```js\n(.+?)```/s.exec(README) ?? []
  // It listens on a port that nobody else has, and says which.
  writeFileSync(
    program,
    source.replace('.listen(8787)', '.listen(0, function () { console.log(this.address().port) })'),
  )
  const backend = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const house = await startHouse()
  try {
    const port = await new Promise<string>(resolve => backend.stdout.once('data', data => resolve(String(data).trim())))
    await house.startAgent({ EDGE_BACKEND_URL: `http://127.0.0.1:${port}` })
    await house.simulator.receive({ from: ANNA, text: 'hi' })
    await waitFor('the bubbles', () => house.seen(ANNA).length === 2)
    expect(house.seen(ANNA)).toEqual(['one moment', 'you said: hi'])
    expect((await house.status()).connection).toMatchObject({ state: 'waiting', lastError: { code: 'wrong_road' } })
  } finally {
    await house.close()
    backend.kill()
    rmSync(dir, { recursive: true, force: true })
  }
})
