import { type SpawnOptionsWithoutStdio, spawn } from 'node:child_process'

export type ProgramEnd = { readonly status: number | null; readonly stdout: string; readonly stderr: string }

/** As `spawnSync`, but whatever else is at work in this process goes on: a backend, the tests beside this one. */
export const runProgram = (
  program: string,
  args: readonly string[],
  options: SpawnOptionsWithoutStdio & { readonly input?: string } = {},
): Promise<ProgramEnd> =>
  new Promise((resolve, reject) => {
    const { input, ...others } = options
    const child = spawn(program, args, { ...others, stdio: 'pipe' })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        output[name] += chunk
      })
    }
    child.stdin.on('error', () => {}) // it ended without reading
    child.stdin.end(input)
    child.once('error', reject)
    child.once('close', status => resolve({ status, ...output }))
  })
