import { basename, dirname } from 'node:path'
import { EdgeError } from '../../agent/core/errors.ts'
import { type ConfigInput, inspectConfig } from '../../config/inspect-config.ts'
import { placesOf } from '../../config/places.ts'
import { renderSettingsFile } from '../../config/render-settings-file.ts'
import { type PrivateFile, writePrivateFiles } from '../../config/write-private-files.ts'
import { writeKeychain } from '../macos/keychain.ts'
import { findTool } from '../macos/run-tool.ts'
import type { Answers } from './answers.ts'
import type { Dialogue } from './open-dialogue.ts'
import type { Present } from './present.ts'
import type { ProbeFact } from './probe-backend.ts'

type Writing = {
  readonly json: boolean
  readonly input: ConfigInput
  readonly present: Present
  readonly output: NodeJS.WritableStream
  readonly dialogue?: Dialogue
}

/** Puts the answers where they are read from, and says where that is and what comes next. */
export const writeAnswers = async (wanted: Answers, facts: readonly ProbeFact[], writing: Writing): Promise<void> => {
  const { json, input, present, output, dialogue } = writing
  const print = (line: string): void => void output.write(json ? '' : `${line}\n`)
  dialogue?.cancelled.throwIfAborted()
  const item = { service: placesOf(input).label, account: wanted.agentId }
  const secretStore = await saveSecret(wanted, item, dialogue)
  const answers = { ...wanted, secretStore }

  const kept = writePrivateFiles(filesOf(answers, input, present))
  const inFile = answers.secret !== undefined && secretStore === 'file'
  const savedIn =
    answers.secret === undefined
      ? 'none'
      : inFile
        ? present.secretFile
        : `the Keychain (${item.service}, ${item.account})`
  const next = nextSteps(input)
  print('')
  print(`settings  ${present.file}`)
  print(`secret    ${savedIn}`)
  for (const path of kept) print(`kept      ${path}`)
  for (const variable of overruling(input, present)) {
    print(`note      the variable ${variable} is set here and overrides the file`)
  }
  print('\nNext:')
  for (const [command, what] of next) print(`  ${command.padEnd(28)} ${what}`)
  if (json) {
    const secret =
      answers.secret === undefined
        ? { store: 'none' }
        : { store: secretStore, ...(inFile ? { file: present.secretFile } : item) }
    const result = {
      file: present.file,
      agentId: answers.agentId,
      secret,
      kept,
      test: facts,
      next: next.map(([command]) => command),
    }
    output.write(`${JSON.stringify(result, null, 2)}\n`)
  }
}

/** Into the Keychain, where it is wanted there; says where it is to be kept in the end. */
const saveSecret = async (
  { secret, secretStore }: Answers,
  item: { readonly service: string; readonly account: string },
  dialogue: Dialogue | undefined,
): Promise<'file' | 'keychain'> => {
  if (secret === undefined || secretStore === 'file') return 'file'
  try {
    await writeKeychain(item, secret)
    return 'keychain'
  } catch (error) {
    if (dialogue === undefined || !(error instanceof EdgeError)) throw error
    dialogue.say(`\n${error.message}\n  ${error.remedy ?? ''}`)
    if (await dialogue.confirm('Keep the secret in a file instead?', true)) return 'file'
    throw error
  }
}

const filesOf = (answers: Answers, input: ConfigInput, present: Present): PrivateFile[] => {
  const { backendUrl, allowInsecureHttp, agentId, secret, secretStore } = answers
  const settings = new Map<string, unknown>(present.settings)
  for (const key of ['secret_file', 'secret_store', 'backend.allow_insecure_http']) settings.delete(key)
  const { config: _, profile: __, ...flags } = input.flags
  for (const [key, value] of Object.entries(flags)) if (value !== undefined) settings.set(key, value)
  settings.set('backend_url', backendUrl).set('agent_id', agentId)
  if (allowInsecureHttp) settings.set('backend.allow_insecure_http', true)
  const settingsFile = (): PrivateFile => ({ path: present.file, text: renderSettingsFile(settings, input) })
  if (secret === undefined) return [settingsFile()]
  if (secretStore === 'keychain') {
    settings.set('secret_store', 'keychain')
    return [settingsFile()]
  }
  // Relative to the settings file, so that the folder can be moved.
  settings.set(
    'secret_file',
    dirname(present.secretFile) === dirname(present.file) ? basename(present.secretFile) : present.secretFile,
  )
  return [{ path: present.secretFile, text: `${secret}\n` }, settingsFile()]
}

const overruling = (input: ConfigInput, { file }: Present): string[] =>
  inspectConfig({ ...input, flags: { config: file } }).rows.flatMap(({ origin, variable }) =>
    variable !== undefined && origin === variable ? [variable] : [],
  )

const nextSteps = ({ flags, profile }: ConfigInput): [command: string, what: string][] => {
  const which = `${profile === undefined ? '' : ` --profile ${profile}`}${flags['config'] === undefined ? '' : ` --config ${flags['config']}`}`
  const isMac = findTool('launchctl') !== undefined
  return [
    isMac
      ? [`edge-agent install${which}`, 'run it in the background, from every login']
      : [`edge-agent start${which}`, 'run it until Ctrl-C'],
    [`edge-agent config check${which}`, 'check the settings'],
  ]
}
