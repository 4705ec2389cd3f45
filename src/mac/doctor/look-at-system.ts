import type { RunTool, ToolEnd } from '../macos/run-tool.ts'

export type SystemFacts = {
  readonly swVers: ToolEnd
  /** Whether Rosetta translates this process. */
  readonly translated: ToolEnd
  /** Of this process: `arm64`, `x64`. */
  readonly arch: string
  readonly uid: number | undefined
  readonly overSsh: boolean
  readonly pmset: ToolEnd
  readonly battery: ToolEnd
  readonly fileVault: ToolEnd
}

export const lookAtSystem = async (
  run: RunTool,
  { uid, overSsh }: { readonly uid: number | undefined; readonly overSsh: boolean },
): Promise<SystemFacts> => {
  const [swVers, translated, pmset, battery, fileVault] = await Promise.all([
    run('sw_vers', ['-productVersion'], LIMIT),
    run('sysctl', ['-n', 'sysctl.proc_translated'], LIMIT),
    run('pmset', ['-g'], LIMIT),
    run('pmset', ['-g', 'batt'], LIMIT),
    run('fdesetup', ['status'], LIMIT),
  ])
  return {
    swVers,
    translated,
    arch: process.arch,
    uid,
    overSsh,
    pmset,
    battery,
    fileVault,
  }
}

const LIMIT = { timeoutMs: 5_000 }
