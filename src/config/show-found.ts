/** A value as a fault or a listing shows it: in one line, not too long, and without what a URL may carry in secret. */
export const showFound = (key: string, value: unknown): string => {
  if (key === 'backend_url' && typeof value === 'string')
    return show(value.replace(/\/\/.*@/s, '//***@').replace(/[?#].*$/s, '?***'))
  return show(value)
}

const show = (value: unknown): string => {
  // TOML has nan and inf, which JSON lacks.
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
