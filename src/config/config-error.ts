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
    const count = faults.length === 1 ? 'a setting is' : `${faults.length} settings are`
    super('config', [`${count} wrong`, ...faults.map(fault => `  ${formatFault(fault)}`)].join('\n'), {
      remedy: 'edge-agent init asks for what is needed; edge-agent config show says where each setting comes from.',
      exit: EXIT.config,
    })
    this.faults = faults
  }
}

/** In one line. */
export const formatFault = ({ key, origin, expected, found }: Fault): string =>
  `${key}${origin === undefined ? '' : ` (${origin})`}: expected ${expected}, found ${found}`
