import { maskPeople } from '../../agent/core/mask-people.ts'

/** Of what `launchctl print` says of our job the lines that are known; variables and the rest of the session are left out. */
export const filterJob = (printed: string): readonly string[] =>
  printed.split('\n').flatMap(line => {
    const [, name = '', value = ''] = /^\s*([a-z ]+?) = (.*)$/.exec(line) ?? []
    return KNOWN.has(name) && !value.endsWith('{') ? [`${name} = ${maskPeople(value.slice(0, 300))}`] : []
  })

const KNOWN = new Set([
  'path',
  'type',
  'state',
  'program',
  'runs',
  'pid',
  'last exit code',
  'last exit reason',
  'last terminating signal',
  'immediate reason',
  'forks',
  'execs',
  'exit timeout',
  'minimum runtime',
  'spawn type',
  'properties',
  'job state',
])
