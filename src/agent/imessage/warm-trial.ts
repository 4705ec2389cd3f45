import { createHash } from 'node:crypto'
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { release } from 'node:os'
import { z } from 'zod'
import type { WarmTrial } from '../core/warmth.ts'
import { WARM_SCRIPT } from './warm-slots.ts'

type Decided = Exclude<WarmTrial, { readonly verdict: 'undecided' }>

/** What a trial of the warm way found is kept for as long as this Mac is what it was: macOS, osascript, node, script. */
export const createWarmTrial = ({
  file,
  osascript,
  run,
}: {
  /** Where the result is kept. */
  readonly file: string
  readonly osascript: string
  readonly run: (chatGuid: string) => Promise<WarmTrial>
}) => {
  const here = {
    system: systemVersion(),
    osascript: identityOf(osascript),
    node: `${process.versions.node} ${identityOf(process.execPath)}`,
    script: createHash('sha256').update(readFileSync(WARM_SCRIPT)).digest('hex').slice(0, 16),
  }
  return {
    known: (): Decided | undefined => {
      try {
        const { on, atMs, result } = kept.parse(JSON.parse(readFileSync(file, 'utf8')))
        // What failed may have been a bad day.
        const isOver = result.verdict === 'failed' && Math.abs(Date.now() - atMs) > FAILED_FOR_MS
        return !isOver && JSON.stringify(on) === JSON.stringify(here) ? result : undefined
      } catch {
        return undefined // never tried, or not readable: then it is tried again
      }
    },
    run: async (chatGuid: string): Promise<WarmTrial> => {
      const result = await run(chatGuid)
      if (result.verdict !== 'undecided') {
        const text = JSON.stringify({ on: here, atMs: Date.now(), result })
        // Where there is no room for it the next life tries again.
        await writeFile(file, text, { mode: 0o600 }).catch(() => {})
      }
      return result
    },
  }
}

const FAILED_FOR_MS = 24 * 60 * 60_000

const kept = z.object({
  on: z.object({ system: z.string(), osascript: z.string(), node: z.string(), script: z.string() }),
  atMs: z.number(),
  result: z.discriminatedUnion('verdict', [
    z.object({ verdict: z.literal('passed'), readyMs: z.number(), rssKb: z.number().optional() }),
    z.object({
      verdict: z.literal('failed'),
      step: z.enum(['ready', 'no job', 'half a job', "parent's end"]),
      reason: z.string(),
    }),
  ]),
})

/** An update may leave the path what it was, and not the program. */
const identityOf = (program: string): string => {
  try {
    const path = realpathSync(program)
    const { size, mtimeMs } = statSync(path)
    return `${path} ${size} ${mtimeMs}`
  } catch {
    return `${program} missing`
  }
}

/** Read, not asked for: `sw_vers` would be a process of its own. */
const systemVersion = (): string => {
  try {
    const plist = readFileSync('/System/Library/CoreServices/SystemVersion.plist', 'utf8')
    const value = (key: string) => new RegExp(`<key>${key}</key>\\s*<string>([^<]*)</string>`).exec(plist)?.[1] ?? '?'
    return `macOS ${value('ProductVersion')} ${value('ProductBuildVersion')}`
  } catch {
    return `${process.platform} ${release()}`
  }
}
