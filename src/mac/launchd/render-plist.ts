import { EdgeError } from '../../agent/core/errors.ts'

/** What the words in capitals of launchd/com.edge-agent.plist stand for; paths are absolute. */
export type PlistValues = {
  readonly label: string
  readonly binary: string
  /** main.js of the program. */
  readonly program: string
  /** What follows `start`. */
  readonly args: readonly string[]
  readonly searchPath: string
  readonly folder: string
  readonly launchdLog: string
}

/** The template with its words in capitals replaced. Throws an EdgeError where XML cannot hold a value. */
export const renderPlist = (template: string, values: PlistValues): string => {
  const words: Readonly<Record<string, string>> = {
    LABEL: values.label,
    BINARY: values.binary,
    PROGRAM: values.program,
    SEARCH_PATH: values.searchPath,
    FOLDER: values.folder,
    LAUNCHD_LOG: values.launchdLog,
  }
  return template
    .replace(/^.*<string>ARGUMENT<\/string>\n/m, line => values.args.map(arg => fill(line, arg)).join(''))
    .replace(/<string>[A-Z][A-Z_]+<\/string>/g, element => {
      const value = words[element.slice('<string>'.length, -'</string>'.length)]
      return value === undefined ? element : `<string>${escapeXml(value)}</string>`
    })
}

const fill = (line: string, arg: string): string => line.replace('ARGUMENT', () => escapeXml(arg))

const escapeXml = (value: string): string => {
  // XML has no way to write them, and no path of a sane system has them.
  if (/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(value)) {
    throw new EdgeError('odd_path', `a path with control characters cannot be in a plist: ${JSON.stringify(value)}`, {
      remedy: 'Rename the folder, without special characters.',
    })
  }
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
