import { parseArgs } from 'node:util'
import { BACKEND_KINDS, type BackendKind, STOCK_LINES_OF } from './backend-kinds.ts'

export const USAGE = `Usage: npm run chaos -- [--minutes N] [--messages N] [--kills K] [--seed S]
                      [--backend KIND] [--json]

Ends after N minutes, N messages or K kills of the agent, whichever comes
first; without any of them after 2 minutes.

KIND is plain, forgetful, naming or correlation for turmoil (by the seed, unless
it is given); one-line, three-lines or llm for conversations, judged by how soon
each first bubble is there.
`

/** What the command line asks for; "limits" is as it would be typed again. */
export const readOptions = () => {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      minutes: { type: 'string' },
      messages: { type: 'string' },
      kills: { type: 'string' },
      seed: { type: 'string' },
      backend: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const seed = toNumber('seed', values.seed ?? String(Math.floor(Math.random() * 2 ** 31)))
  const kinds = Object.keys(BACKEND_KINDS) as [BackendKind, ...BackendKind[]]
  const turmoils = kinds.filter(kind => STOCK_LINES_OF[kind] === undefined)
  const backend = (values.backend ?? turmoils[seed % turmoils.length]) as BackendKind
  if (!kinds.includes(backend)) throw new Error(`--backend is one of ${kinds.join(', ')}`)
  const limit = (name: 'kills' | 'messages') =>
    values[name] === undefined ? Number.POSITIVE_INFINITY : toNumber(name, values[name])
  const [kills, messages] = [limit('kills'), limit('messages')]
  const isLimited = kills < Number.POSITIVE_INFINITY || messages < Number.POSITIVE_INFINITY
  const minutes = toNumber('minutes', values.minutes ?? (isLimited ? '1000' : '2'))
  const limits = Object.entries({ minutes, messages, kills })
    .filter(([, value]) => value < Number.POSITIVE_INFINITY)
    .map(([name, value]) => `--${name} ${value}`)
    .join(' ')
  return { help: values.help, seed, backend, kills, messages, minutes, limits, json: values.json }
}

const toNumber = (name: string, value: string): number => {
  const number = Number(value)
  if (value === '' || !(number >= 0)) throw new Error(`--${name} is a number, not "${value}"`)
  return number
}
