import { Command, CommanderError, Help } from 'commander'
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
    .description("Connects Messages on your Mac to your assistant's backend.")
    .version(version(), '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => (json ? undefined : write(withoutPrefix(text, 'edge-agent: '))) })
    .showHelpAfterError(json ? false : '(see --help for usage)')
    .configureHelp({ groupItems: ownOptionsFirst })
    .addHelpText('after', EXAMPLES)
  for (const [heading, ...commands] of GROUPS) {
    program.commandsGroup(heading)
    for (const register of commands) register(program)
  }
  return program.commandsGroup('Inspect:').helpCommand('help [command]', 'show help for a command')
}

/** The commands as the help shows them. */
const GROUPS: readonly (readonly [heading: string, ...((program: Command) => void)[]])[] = [
  ['Set up:', init, install, uninstall, config, completion],
  ['Run:', start, stop, restart, pause, resume],
  ['Inspect:', status, doctor, queue, filter, explain, audit, logs, selftest, report],
  ['Try:', demo, mockBackend, verifyBackend, messagesSimulator],
]

/** Settings stand below a command's own options, even if the only one of these is --help. */
const ownOptionsFirst: Help['groupItems'] = (items, visible, groupOf) =>
  new Help().groupItems([...visible.filter(item => groupOf(item) === 'Options:'), ...items], visible, groupOf)

const EXAMPLES = `
Examples:
  $ edge-agent demo --web        try it in the browser, without Messages
  $ edge-agent init              set up backend, agent id and secret
  $ edge-agent install           run it as a login service
  $ edge-agent status            status, connection, problems
  $ edge-agent doctor            find problems and how to fix them
  $ edge-agent explain --last    what happened to the latest message
  $ edge-agent audit --since 7d  what left this Mac in the last week
  $ edge-agent logs -f           follow the log`

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
    remedy: 'This is a bug in edge-agent. Please report it with the lines above.',
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
