import { EdgeError, EXIT } from '../core/errors.ts'

/** What the system refused in the state folder, said so that a person can mend it; any other error as it is. */
export const explainUnusable = (error: unknown, dir: string): unknown => {
  const { syscall, code = '', path, message } = error as NodeJS.ErrnoException
  if (error instanceof EdgeError || syscall === undefined) return error
  return new EdgeError('state_unusable', `${path ?? dir} cannot be used: ${message}`, {
    exit: ['EACCES', 'EPERM', 'EROFS'].includes(code) ? EXIT.permission : EXIT.failure,
    remedy: `Remove what is in the way, or check who owns it. Or choose another folder than ${dir} with --state-dir.`,
    cause: error,
  })
}
