import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'

/** Every Markdown page of the root and of docs; paths are absolute. */
export const pagesOf = (root: string): string[] => {
  const below = (folder: string, recursive: boolean): string[] =>
    readdirSync(folder, { recursive, encoding: 'utf8' })
      .filter(path => path.endsWith('.md'))
      .map(path => join(folder, path))
  return [...below(root, false), ...below(join(root, 'docs'), true)].sort()
}

/** Links of these pages that lead to no file, or to no heading in it, as `page → target`. Other sites are not asked. */
export const deadLinks = (root: string, pages: readonly string[]): string[] =>
  pages.flatMap(page =>
    linksOf(readFileSync(page, 'utf8'))
      .filter(target => !leadsSomewhere(page, target))
      .map(target => `${relative(root, page)} → ${target}`),
  )

/** What a page links within this repository: in Markdown's forms and HTML's, images too. */
export const linksOf = (markdown: string): string[] => {
  const text = withoutCode(markdown)
  return LINKS.flatMap(form => [...text.matchAll(form)].map(([, target = '']) => target)).filter(
    target => !/^([a-z][a-z\d+.-]*:|\/\/)/i.test(target),
  )
}

const LINKS = [
  /\]\(\s*<?([^)\s>]+)>?(?:\s+["'][^"']*["'])?\s*\)/g,
  /^\s{0,3}\[[^\]]+\]:\s*<?([^\s>]+)/gm,
  /\b(?:href|src)\s*=\s*["']([^"']+)["']/g,
]

const withoutCode = (markdown: string): string =>
  withoutFences(markdown).replace(/(`+)(?!`).+?(?<!`)\1(?!`)/gs, code => code.replace(/[^\n]/g, ' '))

const withoutFences = (markdown: string): string => markdown.replace(/^( *)(```|~~~).*?^\1\2[^\n]*$/gms, '')

const leadsSomewhere = (page: string, target: string): boolean => {
  const [path = '', anchor] = decodeURI(target).split('#')
  const file = path === '' ? page : resolve(dirname(page), path)
  if (!existsExactly(file)) return false
  return anchor === undefined || !file.endsWith('.md') || anchorsOf(readFileSync(file, 'utf8')).has(anchor)
}

/** A Mac finds `Readme.md` under `README.md`; GitHub does not. */
const existsExactly = (path: string): boolean =>
  existsSync(path) && (basename(path) === '' || readdirSync(dirname(path)).includes(basename(path)))

/** The anchors of a page's headings, as GitHub makes them. */
const anchorsOf = (markdown: string): Set<string> => {
  const anchors = new Set<string>()
  for (const [, title = ''] of withoutFences(markdown).matchAll(/^#{1,6}\s+(.+?)(?:\s+#+)?\s*$/gm)) {
    const slug = title
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
      .replace(/\s/g, '-')
    let anchor = slug
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`
    anchors.add(anchor)
  }
  return anchors
}
