import { shellQuote } from '../../agent/core/shell-quote.ts'
import { type Check, verdictsOf } from './check.ts'
import type { DatabaseFacts, StateFacts } from './look-at-state.ts'
import { quote } from './quote.ts'

const { ok, warning, failed, skipped } = verdictsOf('state')

/** `uid` of this user; `hasService`: launchd needs the folder of the logs to be there before it starts anything. */
export const judgeState = (
  facts: StateFacts,
  { uid, hasService }: { readonly uid: number | undefined; readonly hasService: boolean },
): readonly Check[] => [
  judgeFolder(facts, uid),
  judgeDatabase(facts.database, facts.stateDir),
  facts.setAside.length === 0
    ? ok('state_set_aside', 'no leftover damaged database')
    : warning(
        'state_set_aside',
        `${facts.setAside.length} damaged databases were set aside in ${facts.stateDir}: ${facts.setAside.join(', ')}`,
        'To see what was lost: edge-agent queue. After that, you can delete them.',
      ),
  judgeDisk(facts.freeBytes),
  judgeLogs(facts, hasService),
]

const judgeFolder = ({ folder, stateDir }: StateFacts, uid: number | undefined): Check => {
  if (folder === undefined) return ok('state_folder', `${stateDir} does not exist yet; the agent creates it`)
  if (uid !== undefined && folder.uid !== uid) {
    return failed(
      'state_folder',
      `${stateDir} belongs to user ${folder.uid}, not to ${uid}`,
      `sudo chown -R ${uid} ${shellQuote(stateDir)}`,
    )
  }
  if (!folder.writable)
    return failed('state_folder', `${stateDir} is not writable`, `chmod u+rwx ${shellQuote(stateDir)}`)
  const mode = folder.mode.toString(8)
  return folder.mode & 0o077
    ? warning(
        'state_folder',
        `others can list ${stateDir} (mode ${mode}), though not read the database`,
        `chmod 700 ${shellQuote(stateDir)}`,
      )
    : ok('state_folder', stateDir)
}

const judgeDatabase = (database: DatabaseFacts, stateDir: string): Check => {
  switch (database.kind) {
    case 'none':
      return ok('state_database', 'none yet; the agent creates it')
    case 'sound':
      return ok('state_database', `sound, version ${database.version}`)
    case 'in-use':
      return ok('state_database', 'in use by the agent, which checks it')
    case 'damaged':
      return failed(
        'state_database',
        `state.db in ${stateDir} is damaged: ${quote(database.said)}`,
        'edge-agent restart (the agent sets it aside, starts a new one and reports what was lost)',
      )
    case 'unreadable':
      return failed(
        'state_database',
        `state.db in ${stateDir} cannot be read: ${quote(database.said)}`,
        `ls -l ${shellQuote(stateDir)}`,
      )
  }
}

const MB = 1_000_000

const judgeDisk = (bytes: number | undefined): Check => {
  if (bytes === undefined) return skipped('disk', 'the system does not report the free space')
  const seen = bytes < 10_000 * MB ? `${Math.floor(bytes / MB)} MB free` : `${Math.floor(bytes / MB / 1000)} GB free`
  const cure = 'System Settings > General > Storage'
  if (bytes < 100 * MB) return failed('disk', `only ${seen}: nothing is sent if it cannot be recorded on disk`, cure)
  return bytes < 1000 * MB ? warning('disk', seen, cure) : ok('disk', seen)
}

const judgeLogs = ({ logs, logDir }: StateFacts, hasService: boolean): Check => {
  if (logs === 'writable') return ok('log_folder', logDir)
  if (logs === 'forbidden')
    return failed(
      'log_folder',
      `${logDir} is not writable: launchd then starts nothing (78)`,
      `chmod u+rwx ${shellQuote(logDir)}`,
    )
  return hasService
    ? failed(
        'log_folder',
        `${logDir} does not exist: launchd starts nothing without it (78)`,
        `mkdir -p ${shellQuote(logDir)}`,
      )
    : skipped('log_folder', `${logDir} does not exist; only a service needs it`)
}
