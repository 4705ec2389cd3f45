import { styleText } from 'node:util'
import type { Tell } from '../mac/install/tell.ts'
import { toJson } from './to-json.ts'

/** Prints what a command says while it works; nothing with --json, where only the result counts. Warnings go to standard error. */
export const printTold =
  ({ json }: { readonly json: boolean }): Tell =>
  ({ kind, text }) => {
    if (json) return
    const stream = kind === 'warning' ? process.stderr : process.stdout
    const mark = (format: Parameters<typeof styleText>[0], sign: string) => styleText(format, sign, { stream })
    const lines = {
      step: `${mark('dim', '==>')} ${text}`,
      done: `${mark('green', '✓')} ${text}`,
      ask: `\n${mark('yellow', '!')} ${text}\n`,
      warning: `edge-agent: ${text}`,
    }
    stream.write(`${lines[kind]}\n`)
  }

/** What a command comes to, as JSON. */
export const printResult = (result: unknown): void => {
  process.stdout.write(`${toJson(result, 2)}\n`)
}
