import { resolve } from 'node:path'
import { shellQuote } from '../agent/core/shell-quote.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { runTool } from '../mac/macos/run-tool.ts'
import { collectReport, type ReportFile } from '../mac/report/collect-report.ts'
import { writeArchive } from '../mac/report/write-archive.ts'
import { endProcess } from './end-process.ts'
import { version } from './version.ts'

/** Writes the report and says where it is and what is in it. Throws EdgeErrors of `writeArchive`. */
export const printReport = async (
  input: ConfigInput,
  { output, json }: { readonly output: string | undefined; readonly json: boolean },
): Promise<void> => {
  const name = `edge-agent-report-${stamp(new Date())}`
  const path = resolve(output ?? `${name}.tar.gz`)
  const collected = await collectReport({ input, run: runTool, uid: process.getuid?.(), version: version() })
  const files = [{ name: 'README.txt', about: 'list of contents', text: readme(collected) }, ...collected]
  writeArchive(path, { folder: name, files })
  const listing = files.map(({ name, about, text }) => ({ name, about, bytes: Buffer.byteLength(text) }))
  await endProcess(json ? `${JSON.stringify({ path, files: listing }, null, 2)}\n` : describe(path, listing), 0)
}

/** Local time, as in 20260214-093007. */
const stamp = (now: Date): string => {
  const two = (n: number): string => String(n).padStart(2, '0')
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`
  return `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`
}

const readme = (files: readonly ReportFile[]): string =>
  [
    'A diagnostics report from edge-agent, for bug reports.',
    '',
    'Message texts, phone numbers, e-mail addresses, chats and the secret are left out. The home folder is shown as ~.',
    'Please check it before you share it.',
    '',
    ...files.map(({ name, about }) => `${name.padEnd(14)} ${about}`),
    '',
  ].join('\n')

const describe = (path: string, files: readonly { name: string; about: string; bytes: number }[]): string =>
  [
    path,
    '',
    ...files.map(({ name, about, bytes }) => `  ${name.padEnd(14)} ${String(bytes).padStart(8)} bytes  ${about}`),
    '',
    'Texts, phone numbers, e-mail addresses and the secret are left out. Check it before you share it:',
    `  tar -xzOf ${shellQuote(path)} | less`,
    '',
  ].join('\n')
