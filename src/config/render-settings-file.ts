import { stringify } from 'smol-toml'
import { describeConfig } from './describe-config.ts'
import { listSettings, type Setting } from './list-settings.ts'
import type { Host } from './places.ts'
import { settingsFor } from './settings.ts'

/** The text of a settings file: every setting explained, those of `given` set, the others with their default commented out. */
export const renderSettingsFile = (given: ReadonlyMap<string, unknown>, host: Host): string => {
  const settings = listSettings(settingsFor({ ...host, isTTY: false }))
  const defaults = new Map(describeConfig(settings, new Map(), { kind: 'none' }).map(({ key, value }) => [key, value]))
  let table: string | undefined = ''
  const blocks = settings.map(setting => {
    const isSet = given.has(setting.key)
    if (setting.faultsIn !== undefined) {
      const tables = given.get(setting.key)
      if (typeof tables !== 'object' || tables === null || Object.keys(tables).length === 0)
        return `${explain(setting)}\n`
      table = undefined // what comes next has to say again where it belongs
      return `${explain(setting)}\n${stringify(inTable(setting.key, tables))}`
    }
    const header = tableOf(setting.key)
    const opening = header === table ? '' : `[${header}]\n`
    table = header
    const value = isSet ? given.get(setting.key) : withTilde(defaults.get(setting.key) ?? '', host.homedir)
    return `${opening}${explain(setting)}\n${isSet ? '' : '# '}${line(setting.key, value)}\n`
  })
  return [PREAMBLE, ...blocks].join('\n')
}

const PREAMBLE = `# Settings of edge-agent. A line such as "# log_level = ..." shows the default; to change it, remove the # in front.
# Changes take effect at the agent's next start. To check them: edge-agent config check
`

const tableOf = (key: string): string => key.slice(0, Math.max(0, key.lastIndexOf('.')))

const explain = ({ description, expects }: Setting): string => wrap(`${description} Takes ${expects}.`)

const line = (key: string, value: unknown): string =>
  stringify({ [key.slice(key.lastIndexOf('.') + 1)]: value }).trimEnd()

const inTable = (key: string, value: unknown): Record<string, unknown> =>
  key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Record<string, unknown>

const withTilde = (value: unknown, homedir: string): unknown =>
  typeof value === 'string' && value.startsWith(`${homedir}/`) ? `~${value.slice(homedir.length)}` : value

/** Comment lines of up to 100 characters. */
const wrap = (text: string): string => text.replace(/(?=\S)(.{1,98})(?:\s+|$)/g, '# $1\n').trimEnd()
