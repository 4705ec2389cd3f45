import { existsSync, readFileSync, statSync } from 'node:fs'
import { within } from '../../agent/backend/within.ts'
import type { Places } from '../../config/places.ts'
import { createLaunchctl, type ServiceState } from '../launchd/launchctl.ts'
import type { RunTool, ToolEnd } from '../macos/run-tool.ts'

export type ServiceFacts = {
  readonly label: string
  /** `gui/501` */
  readonly domain: string
  readonly uid: number
  readonly plistFile: string
  /** Undefined where there is none. */
  readonly plist: PlistFile | undefined
  readonly lint: ToolEnd
  readonly job: ServiceState
  /** Undefined where launchctl does not tell. */
  readonly disabled: boolean | undefined
  readonly overSsh: boolean
}

export type PlistFile = {
  readonly uid: number
  readonly mode: number
  /** Undefined where it cannot be read. */
  readonly text: string | undefined
  /** What launchd starts; empty where the file does not say so in XML. */
  readonly program: readonly string[]
  /** Those of `program` that are files and are not there. */
  readonly missing: readonly string[]
}

export const lookAtService = async (
  run: RunTool,
  places: Pick<Places, 'label' | 'plistFile'>,
  { uid, overSsh }: { readonly uid: number; readonly overSsh: boolean },
): Promise<ServiceFacts> => {
  const { label, plistFile } = places
  // launchctl asks launchd, which answers at once or not at all.
  const soon: RunTool = (name, args, options) => run(name, args, { ...options, timeoutMs: LIMIT_MS })
  const launchctl = createLaunchctl({ run: soon, uid, sleep: () => Promise.resolve() })
  const plist = readPlist(plistFile)
  const [job, disabled, lint] = await Promise.all([
    within<ServiceState, ServiceState>(LIMIT_MS * 2, launchctl.print(label), { kind: 'unclear', said: 'no answer' }),
    within(LIMIT_MS * 2, launchctl.isDisabled(label), undefined),
    plist === undefined ? NOT_RUN : soon('plutil', ['-lint', plistFile]),
  ])
  return { label, domain: launchctl.domain, uid, plistFile, plist, lint, job, disabled, overSsh }
}

const LIMIT_MS = 6_000
const NOT_RUN: ToolEnd = { kind: 'not-found' }

export const readPlist = (path: string): PlistFile | undefined => {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  const text = readText(path)
  const program = text === undefined ? [] : programOf(text)
  return {
    uid: stat.uid,
    mode: stat.mode & 0o777,
    text,
    program,
    // The log comes with the first start.
    missing: program.filter(
      (each, at) => each.startsWith('/') && program[at - 1] !== '--log-file' && !existsSync(each),
    ),
  }
}

const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** The strings of ProgramArguments. */
const programOf = (text: string): readonly string[] => {
  const list = /<key>ProgramArguments<\/key>\s*<array>(.*?)<\/array>/s.exec(text.replace(/<!--.*?-->/gs, ''))?.[1] ?? ''
  return [...list.matchAll(/<string>(.*?)<\/string>/gs)].map(([, value = '']) => unescapeXml(value))
}

export const unescapeXml = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
