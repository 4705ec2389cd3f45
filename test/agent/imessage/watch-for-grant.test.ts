import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { watchForGrant } from '../../../src/agent/imessage/watch-for-grant.ts'
import { runTool } from '../../../src/mac/macos/run-tool.ts'

let dir: string
let path: string
let end: AbortController
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edge-'))
  path = join(dir, 'chat.db')
  end = new AbortController()
})
afterEach(() => rmSync(dir, { recursive: true }))

/** Watches, and counts the children; `onEnd` hears how each ended. */
const watch = (isForbidden: () => boolean, onEnd: (code: number | undefined) => void) => {
  const seen = { newOnly: 0 }
  const watching = watchForGrant({
    path,
    isForbidden,
    run: async (...call) => {
      const result = await runTool(...call)
      onEnd(result.kind === 'exited' ? result.code : undefined)
      return result
    },
    onNewOnly: () => {
      seen.newOnly += 1
      end.abort()
    },
    signal: end.signal,
    everyMs: 5,
    graceMs: 5,
  })
  return { seen, watching }
}

test('a new process may read what this one may not: said', async () => {
  writeFileSync(path, 'SQLite format 3\0')
  const { seen, watching } = watch(
    () => true,
    () => {},
  )
  await watching
  expect(seen.newOnly).toBe(1)
})

test('a new process may not either, as there is nothing to read: it is asked again', async () => {
  const codes: (number | undefined)[] = []
  const { seen, watching } = watch(
    () => true,
    code => {
      codes.push(code)
      if (codes.length === 2) end.abort()
    },
  )
  await watching
  expect({ codes, ...seen }).toEqual({ codes: [1, 1], newOnly: 0 })
})

test('this one sees the grant a moment later itself: nothing is said', async () => {
  writeFileSync(path, 'SQLite format 3\0')
  let forbidden = true
  const { seen, watching } = watch(
    () => forbidden,
    () => {
      forbidden = false
      setTimeout(() => end.abort(), 50)
    },
  )
  await watching
  expect(seen.newOnly).toBe(0)
})
