import { Command, CommanderError } from 'commander'
import { EdgeError, EXIT } from '../core/errors.ts'
import { register as config } from './config.ts'
import { register as demo } from './demo.ts'
import { register as messagesSimulator } from './messages-simulator.ts'
import { register as mockBackend } from './mock-backend.ts'
import { register as queue } from './queue.ts'
import { register as start } from './start.ts'
import { register as status } from './status.ts'
import { version } from './version.ts'

/** Runs what was typed, to its end. Sets the process's exit code and never rejects. */
export const runCli = async (argv: readonly string[]): Promise<void> => {
  // A reader that has seen enough, such as `head`, is no reason to fall over.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe)
  const json = argv.includes('--json')
  try {
    await createProgram({ json }).parseAsync(argv)
  } catch (error) {
    process.exitCode = report(error, json)
  }
}

const createProgram = ({ json }: { readonly json: boolean }): Command => {
  const program = new Command('edge-agent')
    .description("Connects the Messages app of a Mac to an assistant's backend.")
    .version(version(), '-V, --version')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => (json ? undefined : write(withoutPrefix(text, 'edge-agent: '))) })
    .showHelpAfterError(json ? false : '(add --help to see what is possible)')
    .addHelpText('after', EXAMPLES)
  for (const register of [start, status, queue, config, demo, mockBackend, messagesSimulator]) register(program)
  return program
}

const EXAMPLES = `
Examples:
  $ edge-agent demo                         see it work, without any real Messages
  $ edge-agent demo --web                   play with it in the browser
  $ edge-agent config check                 are the settings right?
  $ edge-agent start --log-format json      run, with a log for programs
  $ edge-agent status --json                how is the agent that runs?
  $ edge-agent mock-backend --port 8787     a backend to try things out with`

/** Prints what went wrong on standard error; returns the exit code. */
const report = (error: unknown, json: boolean): number => {
  if (error instanceof CommanderError) return reportUsage(error, json)
  const { message, ...fields } = error instanceof EdgeError ? error : unexpected(error)
  if (json) printJson({ ...fields, message })
  else
    process.stderr.write(`edge-agent: ${message}\n${fields.remedy === undefined ? '' : `${indent(fields.remedy)}\n`}`)
  return fields.exit
}

/** Commander ends this way after `--help` and `--version` too. In plain text it has said already what is wrong. */
const reportUsage = ({ exitCode, message }: CommanderError, json: boolean): number => {
  if (exitCode === 0) return EXIT.ok
  if (json) printJson({ code: 'usage', message: withoutPrefix(message), exit: EXIT.usage })
  return EXIT.usage
}

const unexpected = (error: unknown): EdgeError =>
  new EdgeError('unexpected', error instanceof Error ? (error.stack ?? error.message) : String(error), {
    remedy: 'This is a mistake in edge-agent itself. Please report it with the lines above.',
  })

const withoutPrefix = (text: string, replacement = ''): string => text.replace(/^error: /, replacement)

const printJson = (error: object): void => {
  process.stderr.write(`${JSON.stringify({ error })}\n`)
}

const indent = (text: string): string => text.replace(/^/gm, '  ')

const ignoreClosedPipe = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EPIPE') throw error
}
