import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { createTar } from 'nanotar'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import type { ReportFile } from './collect-report.ts'

/**
 * Writes the files into one tar.gz at `path`, below a folder of that name, readable by this user only.
 *
 * @throws EdgeError `exists`, `cannot_write`
 */
export const writeArchive = (
  path: string,
  { folder, files }: { readonly folder: string; readonly files: readonly ReportFile[] },
): void => {
  const entries = files.map(({ name, text }) => ({ name: `${folder}/${name}`, data: text, attrs: { mode: '600' } }))
  const tar = createTar([{ name: folder, attrs: { mode: '700' } }, ...entries])
  // An archive ends with two empty blocks; those of nanotar may lack them.
  const archive = gzipSync(Buffer.concat([tar, Buffer.alloc(2 * 512)]))
  try {
    writeFileSync(path, archive, { flag: 'wx', mode: 0o600 })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') {
      throw new EdgeError('exists', `${path} already exists; nothing was written`, {
        remedy: 'Choose another file with --output FILE, or move that one.',
        cause,
      })
    }
    throw new EdgeError('cannot_write', `cannot write ${path}: ${code ?? String(cause)}`, {
      exit: code === 'EACCES' || code === 'EPERM' ? EXIT.permission : EXIT.failure,
      remedy: 'Choose a file in an existing, writable folder: --output FILE.',
      cause,
    })
  }
}
