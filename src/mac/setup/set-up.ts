import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import type { ConfigInput } from '../../config/inspect-config.ts'
import { demandAll, type InitOptions, readFlags } from './answers.ts'
import { converse } from './converse.ts'
import { openDialogue, type Terminal } from './open-dialogue.ts'
import { findPresent } from './present.ts'
import type { ProbeFact } from './probe-backend.ts'
import { tryBackend } from './try-backend.ts'
import { writeAnswers } from './write-answers.ts'

/**
 * Sets up one agent. Asks where there is a terminal; elsewhere everything has to be in the flags.
 *
 * @throws EdgeError `cancelled` (2), `usage`, `init_incomplete` and `init_exists` (64), ConfigError (78),
 *   `backend_test_failed` (69, or 78 for a refused secret), `cannot_write` (77), and those of the Keychain. In none of
 *   these cases was a file changed.
 */
export const setUp = async (
  options: InitOptions,
  input: ConfigInput,
  terminal: Terminal = { input: process.stdin, output: process.stdout },
): Promise<void> => {
  const { json = false, yes = false } = options
  const present = findPresent(input)
  const flags = await readFlags(options, input, terminal)
  const writing = { input, present, output: terminal.output, json }

  if (terminal.input.isTTY === true && terminal.output.isTTY === true && !yes && !json) {
    const dialogue = openDialogue(terminal)
    try {
      const { answers, facts } = await converse(dialogue, { options, input, present, flags, terminal })
      await writeAnswers(answers, facts, { ...writing, dialogue })
    } finally {
      dialogue.close()
    }
    return
  }
  const answers = demandAll(flags, options, present, input)
  const output = json ? undefined : terminal.output
  const facts = options.test ? await tryBackend({ ...answers, stateDir: present.stateDir }, output) : []
  const failed = facts.find(({ ok }) => !ok)
  if (failed) throw testFailed(failed)
  await writeAnswers(answers, facts, writing)
}

const testFailed = ({ code, seen, remedy = '' }: ProbeFact): EdgeError =>
  new EdgeError('backend_test_failed', `the backend cannot be used: ${seen} (${code}); nothing was saved`, {
    exit: code === 'unauthorized' ? EXIT.config : EXIT.unreachable,
    remedy: `${remedy}\nTo save the settings anyway: --no-test.`.trim(),
  })
