import { maskPeople } from '../../agent/core/mask-people.ts'
import { type ConfigRow, settingOf } from '../../config/describe-config.ts'
import type { Inspection } from '../../config/inspect-config.ts'

/** The settings with where they come from. Of lists only their length, of the backend its host, of a secret nothing. */
export const summariseSettings = ({ file, rows, faults, warnings }: Inspection) => ({
  file: { path: file.path, exists: file.exists },
  settings: rows.map(row => ({ key: row.key, value: shown(row), origin: maskPeople(row.origin), fits: row.fits })),
  // Without what was found: it may be anything.
  faults: faults.map(({ key, origin, expected }) => ({
    key: key === 'config' ? key : (settingOf(key, rows) ?? '[unknown]'),
    ...(origin !== undefined && { origin: maskPeople(origin) }),
    expected: maskPeople(expected.replace(/\(did you mean .*$/, '')),
  })),
  warnings: warnings.length,
})

const shown = ({ key, value, fits }: ConfigRow): unknown => {
  if (!fits) return '[invalid]'
  if (Array.isArray(value)) return `[${value.length} entries]`
  if (typeof value === 'object' && value !== null) return `[${Object.keys(value).length} entries]`
  if (typeof value !== 'string') return value
  if (key === 'secret') return '[set]'
  if (key === 'backend_url') return hostOf(value)
  return maskPeople(value)
}

const hostOf = (value: string): string => {
  const url = URL.parse(value)
  return url === null ? '[not a URL]' : `${url.origin}${url.pathname === '/' ? '' : '/…'}`
}
