import { getuid } from 'node:process'

/** What to start a program through, and as whom it runs then, where that is another one than we are. */
export type Rights = { readonly through: readonly string[]; readonly uid?: number }

const isRoot = getuid?.() === 0

/**
 * Those of any user: what is forbidden to it, it may not do. Root keeps its name, so that it comes to all that is ours,
 * and loses all that makes it root.
 */
export const NO_POWERS: Rights = { through: isRoot ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : [] }

const NOBODY = 65_534

/** Those of a user whose processes are counted, as root's never are. It comes to all that is ours, wherever that is. */
export const COUNTED: Rights = isRoot
  ? {
      through: ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...only('dac_override')],
      uid: NOBODY,
    }
  : { through: [] }

function only(capability: string): string[] {
  return [`--inh-caps=-all,+${capability}`, `--ambient-caps=-all,+${capability}`]
}
