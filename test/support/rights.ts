/** What a program is started through, and whose it is then, where that is not ours. */
export type Rights = { readonly through: readonly string[]; readonly uid?: number }

const isRoot = process.getuid?.() === 0

/**
 * Those of any user: what is forbidden to it, it may not do. Root keeps its name, and with it the way to its own files,
 * and loses what else makes it root.
 */
export const NO_POWERS: Rights = { through: isRoot ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : [] }

const NOBODY = 65_534

/**
 * Those of a user whose processes are counted, as root's never are. This one may go wherever root may: node and the
 * project can be below a home that is closed to all others.
 */
export const COUNTED: Rights = isRoot
  ? {
      through: [
        'setpriv',
        ...[`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
        ...['--inh-caps=-all,+dac_override', '--ambient-caps=-all,+dac_override'],
        '--securebits=+no_setuid_fixup', // access(2) would not count the capability
      ],
      uid: NOBODY,
    }
  : { through: [] }
