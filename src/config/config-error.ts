import { EdgeError, EXIT } from '../agent/core/errors.ts'

/** One thing wrong with the settings. No field ever holds a secret. */
export type Fault = {
  /** The setting, as `send.timeout`; `config` where the whole file is meant. */
  readonly key: string
  /** Where the value came from: a file's path, a variable, a flag; undefined where there is none. */
  readonly origin: string | undefined
  /** The end of "expected …". */
  readonly expected: string
  /** The end of "found …". */
  readonly found: string
}

/** All that is wrong with the settings at once. */
export class ConfigError extends EdgeError {
  override readonly name = 'ConfigError'
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    const { message, remedy } = isNotSetUp(faults) ? notSetUp(faults) : wrong(faults)
    super('config', message, { remedy, exit: EXIT.config })
    this.faults = faults
  }
}

/** Nothing is wrong before the first `init`: there is only nothing yet. */
const isNotSetUp = (faults: readonly Fault[]): boolean =>
  FIRST_SETTINGS.every(key => faults.some(fault => fault.key === key)) && faults.every(({ origin }) => !origin)

const FIRST_SETTINGS = ['backend_url', 'agent_id']

const notSetUp = (faults: readonly Fault[]) => ({
  message: 'not set up yet',
  remedy: `Run: edge-agent init\nMissing settings: ${faults.map(({ key }) => key).join(', ')}.`,
})

const wrong = (faults: readonly Fault[]) => ({
  message: [
    `${faults.length === 1 ? 'a setting is' : `${faults.length} settings are`} wrong`,
    ...faults.map(fault => `  ${formatFault(fault)}`),
  ].join('\n'),
  remedy:
    'To be asked for what is needed: edge-agent init. To see where each setting comes from: edge-agent config show.',
})

/** In one line. */
export const formatFault = ({ key, origin, expected, found }: Fault): string =>
  `${key}${origin === undefined ? '' : ` (${origin})`}: expected ${expected}, found ${found}`
