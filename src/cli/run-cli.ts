import { Command, CommanderError } from 'commander'
import { EdgeError, EXIT } from '../agent/core/errors.ts'
import { register as audit } from './audit.ts'
import { register as completion } from './completion.ts'
import { register as config } from './config.ts'
import { register as demo } from './demo.ts'
import { register as doctor } from './doctor.ts'
import { register as explain } from './explain.ts'
import { register as filter } from './filter.ts'
import { register as init } from './init.ts'
import { register as install } from './install.ts'
import { register as logs } from './logs.ts'
import { register as messagesSimulator } from './messages-simulator.ts'
import { register as mockBackend } from './mock-backend.ts'
import { register as pause } from './pause.ts'
import { register as queue } from './queue.ts'
import { register as report } from './report.ts'
import { register as restart } from './restart.ts'
import { register as resume } from './resume.ts'
import { register as selftest } from './selftest.ts'
import { register as start } from './start.ts'
import { register as status } from './status.ts'
import { register as stop } from './stop.ts'
import { toJson } from './to-json.ts'
import { register as uninstall } from './uninstall.ts'
import { register as verifyBackend } from './verify-backend.ts'
import { version } from './version.ts'
import { withoutControls } from './without-controls.ts'

/** Runs what was typed, to its end. Sets the process's exit code and never rejects. */
export const runCli = async (argv: readonly string[]): Promise<void> => {
  // A reader that has seen enough, such as `head`, is no reason to fall over.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe)
  const json = argv.includes('--json')
  try {
    await createProgram({ json }).parseAsync(argv)
  } catch (error) {
    process.exitCode = reportError(error, json)
  }
}

const createProgram = ({ json }: { readonly json: boolean }): Command => {
  const program = new Command('edge-agent')
    .description("Connects the Messages app of a Mac to an assistant's backend.")
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help, of a command too')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => (json ? undefined : write(withoutPrefix(text, 'edge-agent: '))) })
    .showHelpAfterError(json ? false : '(add --help to see what is possible)')
    .addHelpText('after', EXAMPLES)
  for (const [heading, ...commands] of GROUPS) {
    program.commandsGroup(heading)
    for (const register of commands) register(program)
  }
  return program.commandsGroup('Look:').helpCommand('help [command]', 'print the help of a command')
}

/** The commands as the help shows them. */
const GROUPS: readonly (readonly [heading: string, ...((program: Command) => void)[]])[] = [
  ['Set up:', init, install, uninstall, config, completion],
  ['Run:', start, stop, restart, pause, resume],
  ['Look:', status, doctor, queue, filter, explain, audit, logs, selftest, report],
  ['Try:', demo, mockBackend, verifyBackend, messagesSimulator],
]

const EXAMPLES = `
Examples:
  $ edge-agent demo                         see it work, without any real Messages
  $ edge-agent init                         set it up: backend, agent id, secret
  $ edge-agent demo --web                   play with it in the browser
  $ edge-agent config check                 are the settings right?
  $ edge-agent install --dry-run            what would make it a service of this Mac?
  $ edge-agent start --log-format json      run, with a log for programs
  $ edge-agent status --json                how is the agent that runs?
  $ edge-agent doctor                       what is wrong, and what helps?
  $ edge-agent explain --last               what became of the latest message, and why?
  $ edge-agent audit --since 7d             what left this Mac, and what did not?
  $ edge-agent logs -f                      what is it doing?
  $ edge-agent filter test --help           would this message leave the Mac, and why?
  $ edge-agent mock-backend --port 8787     a backend to try things out with
  $ edge-agent verify-backend --help        does your backend do its part?`

/** Prints what went wrong on standard error; returns the exit code. */
const reportError = (error: unknown, json: boolean): number => {
  if (error instanceof CommanderError) return reportUsage(error, json)
  const { message, ...fields } = error instanceof EdgeError ? error : unexpected(error)
  if (json) printJson({ ...fields, message })
  else
    process.stderr.write(
      onLines(`edge-agent: ${message}\n${fields.remedy === undefined ? '' : `${indent(fields.remedy)}\n`}`),
    )
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
  process.stderr.write(`${toJson({ error })}\n`)
}

/** Some words are those of others. */
const onLines = (text: string): string => text.split('\n').map(withoutControls).join('\n')

const indent = (text: string): string => text.replace(/^/gm, '  ')

const ignoreClosedPipe = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EPIPE') throw error
}
