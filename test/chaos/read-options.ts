import { parseArgs } from 'node:util'
import { BACKEND_KINDS, type BackendKind } from './backend-kinds.ts'

/** What the command line asks for; "limits" is as it would be typed again. */
export const readOptions = () => {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      kills: { type: 'string' },
      seed: { type: 'string' },
      backend: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const seed = toNumber('seed', values.seed ?? String(Math.floor(Math.random() * 2 ** 31)))
  const kinds = Object.keys(BACKEND_KINDS) as [BackendKind, ...BackendKind[]]
  const backend = (values.backend ?? kinds[seed % kinds.length]) as BackendKind
  if (!kinds.includes(backend)) throw new Error(`--backend is one of ${kinds.join(', ')}`)
  const kills = values.kills === undefined ? Number.POSITIVE_INFINITY : toNumber('kills', values.kills)
  const minutes = toNumber('minutes', values.minutes ?? (values.kills === undefined ? '2' : '1000'))
  const limits = `--minutes ${minutes}${values.kills === undefined ? '' : ` --kills ${kills}`}`
  return { seed, backend, kills, minutes, limits, json: values.json }
}

const toNumber = (name: string, value: string): number => {
  const number = Number(value)
  if (value === '' || !(number >= 0)) throw new Error(`--${name} is a number, not "${value}"`)
  return number
}
