import { shellQuote } from '../../agent/core/shell-quote.ts'
import { settingOf } from '../../config/describe-config.ts'
import type { Inspection } from '../../config/inspect-config.ts'
import { type Check, verdictsOf } from './check.ts'
import { quote } from './quote.ts'

const { ok, warning, failed } = verdictsOf('settings')

/** `ofTerminal`: settings that come from this terminal's variables, though the service has settings of its own. */
export const judgeSettings = (
  { file, faults, warnings, rows }: Inspection,
  ofTerminal: readonly string[],
): readonly Check[] => {
  const isKnown = (key: string): boolean => key === 'config' || rows.some(row => row.key === key)
  const wrong = faults.map(({ key, origin, expected, found }) =>
    failed(
      `setting_${(key === 'config' ? key : (settingOf(key, rows) ?? 'unknown')).replaceAll('.', '_')}`,
      `${isKnown(key) ? key : quote(key)}${origin === undefined ? '' : ` (${origin})`}: expected ${expected}, found ${origin === undefined ? found : quote(found)}`,
      cureOf(isKnown(key) ? key : quote(key), expected, file),
    ),
  )
  const secret = rows.find(({ key }) => key === 'secret')
  const secretIsWrong = faults.some(({ key }) => ['config', 'secret', 'secret_file'].includes(key))
  return [
    ...(wrong.length > 0
      ? wrong
      : [ok('settings', file.exists ? file.path : `no file at ${file.path}; using variables and defaults`)]),
    ...(secretIsWrong ? [] : [ok('secret', secret?.value == null ? 'not set, and not needed' : String(secret.value))]),
    ...warnings.map(said => warning('setting_ignored', quote(said), 'edge-agent config show')),
    ...(ofTerminal.length === 0
      ? []
      : [
          warning(
            'settings_of_terminal',
            `${ofTerminal.join(', ')} in this terminal affect this check, but not the service`,
            `unset ${ofTerminal.join(' ')}`,
          ),
        ]),
  ]
}

const cureOf = (key: string, expected: string, file: Inspection['file']): string => {
  const chmod = /\((chmod 600 .+)\)/.exec(expected)?.[1]
  if (chmod !== undefined) return chmod
  if (key === 'config' && file.exists)
    return `Correct it, then: edge-agent config check. To see it: open -t ${shellQuote(file.path)}`
  return file.exists ? `Change ${key} in ${file.path}, then: edge-agent config check` : 'edge-agent init'
}
