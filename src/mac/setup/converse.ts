import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import { isSecret, SECRET_EXPECTS } from '../../agent/core/secret-text.ts'
import { formatFault } from '../../config/config-error.ts'
import { type ConfigInput, isLoopback, judgeValue } from '../../config/inspect-config.ts'
import { findTool } from '../macos/run-tool.ts'
import { type Answers, defined, type InitOptions, inventId, isInsecure, type Known } from './answers.ts'
import type { Dialogue, Terminal } from './open-dialogue.ts'
import { type Present, presentSecret } from './present.ts'
import type { ProbeFact } from './probe-backend.ts'
import { tryBackend } from './try-backend.ts'

type Conversation = {
  readonly options: InitOptions
  readonly input: ConfigInput
  readonly present: Present
  readonly flags: Known
  readonly terminal: Terminal
}

/** Asks, tries, and asks again until it works or is wanted all the same. */
export const converse = async (
  dialogue: Dialogue,
  { options, input, present, flags, terminal }: Conversation,
): Promise<{ readonly answers: Answers; readonly facts: readonly ProbeFact[] }> => {
  dialogue.say('This sets up edge-agent. Nothing is saved before the end; Ctrl-C cancels.\n')
  if (present.exists && !options.force) await askToReplace(dialogue, present)

  let fixed = flags
  let proposed: Known = { ...(await proposal(input, present)), ...defined(flags) }
  for (;;) {
    const answers = await fillIn(dialogue, fixed, proposed, input)
    if (!options.test) return { answers, facts: [] }
    dialogue.say('\nTesting:')
    const target = { ...answers, stateDir: present.stateDir, signal: dialogue.cancelled }
    const facts = await tryBackend(target, terminal.output)
    if (facts.every(({ ok }) => ok)) return { answers, facts }
    dialogue.say('')
    const next = await dialogue.choose('Some of it does not work. What now?', ['correct', 'keep', 'quit'], 'correct')
    if (next === 'keep') return { answers, facts }
    if (next === 'quit') throw new EdgeError('cancelled', 'cancelled; nothing was saved', { exit: EXIT.cancelled })
    // Everything is asked now, with what was said before as the proposal.
    fixed = {}
    proposed = answers
    dialogue.say('')
  }
}

const askToReplace = async (dialogue: Dialogue, { file, faults }: Present): Promise<void> => {
  dialogue.say(`There are already settings in ${file}.`)
  if (faults.length > 0)
    dialogue.say(`Invalid ones will be left out:\n${faults.map(fault => `  ${formatFault(fault)}`).join('\n')}`)
  const replace = await dialogue.confirm('Replace them? Other settings stay, and the old file is kept as .bak', false)
  if (!replace) throw new EdgeError('cancelled', 'cancelled; the settings are unchanged', { exit: EXIT.cancelled })
  dialogue.say('')
}

/** What the questions offer: what the variables or the settings of now say, and the secret that goes with them. */
const proposal = async (input: ConfigInput, { settings, exists }: Present): Promise<Known> => {
  const proposed = (key: string, variable: string): string | undefined => {
    const value = input.env[variable] || settings.get(key)
    return typeof value === 'string' && !judgeValue(input, key, { value, origin: '' }) ? value : undefined
  }
  return {
    backendUrl: proposed('backend_url', 'EDGE_BACKEND_URL'),
    agentId: proposed('agent_id', 'EDGE_AGENT_ID') ?? inventId(),
    secret: exists ? await presentSecret(input) : undefined,
    secretStore: settings.get('secret_store') === 'keychain' ? 'keychain' : 'file',
  }
}

const fillIn = async (dialogue: Dialogue, fixed: Known, proposed: Known, input: ConfigInput): Promise<Answers> => {
  const { backendUrl, allowInsecureHttp } = await askUrl(dialogue, fixed, proposed, input)
  const check = (key: string) => (value: string) => misfit(input, key, value)
  const agentId =
    fixed.agentId ??
    (await dialogue.ask('Agent id, the name by which the backend knows this Mac', {
      fallback: proposed.agentId,
      check: check('agent_id'),
    }))
  const secret = fixed.secret ?? (await askSecret(dialogue, backendUrl, proposed.secret))
  const hasKeychain = findTool('security') !== undefined
  const secretStore =
    fixed.secretStore ??
    (secret !== undefined && hasKeychain
      ? await dialogue.choose<'file' | 'keychain'>(
          'Keep the secret in',
          ['file', 'keychain'],
          proposed.secretStore ?? 'file',
        )
      : 'file')
  return { backendUrl, allowInsecureHttp, agentId, secret, secretStore }
}

const askUrl = async (
  dialogue: Dialogue,
  fixed: Known,
  proposed: Known,
  input: ConfigInput,
): Promise<Pick<Answers, 'backendUrl' | 'allowInsecureHttp'>> => {
  for (let given = fixed.backendUrl; ; given = undefined) {
    const backendUrl =
      given ??
      (await dialogue.ask('Backend URL, such as https://assistant.example.com', {
        fallback: proposed.backendUrl,
        hint: proposed.backendUrl,
        check: value => misfit(input, 'backend_url', value),
      }))
    if (!isInsecure(backendUrl)) return { backendUrl, allowInsecureHttp: false }
    if (fixed.allowInsecureHttp) return { backendUrl, allowInsecureHttp: true }
    dialogue.say('  This is plain http to another machine: the secret and all texts would travel unencrypted,')
    dialogue.say('  and anyone on the way could read them.')
    if (await dialogue.confirm('Use it anyway?', false)) return { backendUrl, allowInsecureHttp: true }
  }
}

const askSecret = async (
  dialogue: Dialogue,
  backendUrl: string,
  present: string | undefined,
): Promise<string | undefined> => {
  const isOptional = isLoopback(backendUrl)
  const hint = present !== undefined ? 'Enter keeps the current one' : isOptional ? 'Enter for none' : undefined
  const answer = await dialogue.ask('Secret (it is not shown)', {
    hidden: true,
    fallback: present,
    hint,
    check: value => (isSecret(value) || (value === '' && isOptional) ? undefined : `Expected ${SECRET_EXPECTS}.`),
  })
  return answer === '' ? undefined : answer
}

const misfit = (input: ConfigInput, key: string, value: string): string | undefined => {
  const fault = judgeValue(input, key, { value, origin: '' })
  return fault && `Expected ${fault.expected}; found ${fault.found}.`
}
