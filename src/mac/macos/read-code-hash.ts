import type { RunTool, ToolEnd } from './run-tool.ts'

/** What macOS knows the code of a binary by that no developer has signed; undefined where codesign does not tell. */
export const readCodeHash = async (path: string, run: RunTool): Promise<string | undefined> =>
  codeHashIn(await run('codesign', ['-d', '-vvv', path], { timeoutMs: 30_000 }))

/** The same, in what `codesign -d -vvv` wrote. */
export const codeHashIn = (end: ToolEnd): string | undefined =>
  end.kind === 'exited' ? /^CDHash=([0-9a-f]+)/im.exec(`${end.stdout}\n${end.stderr}`)?.[1] : undefined
