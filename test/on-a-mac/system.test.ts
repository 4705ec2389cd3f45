import { expect, test } from 'vitest'
import { judgeSystem } from '../../src/mac/doctor/judge-system.ts'
import { lookAtSystem } from '../../src/mac/doctor/look-at-system.ts'
import { runTool } from '../../src/mac/macos/run-tool.ts'

test('doctor understands what sw_vers, sysctl, pmset and fdesetup say here', async () => {
  const checks = judgeSystem(await lookAtSystem(runTool, { uid: process.getuid?.(), overSsh: false }))
  expect(checks.filter(({ state }) => state === 'skipped' || state === 'failed')).toEqual([])
  expect(checks.find(({ code }) => code === 'macos')?.seen).toMatch(/^macOS \d+\.\d+/)
})
