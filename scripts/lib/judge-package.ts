import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, normalize } from 'node:path'

/** What of package.json is judged. */
type Manifest = {
  readonly name?: string
  readonly private?: boolean
  readonly license?: string
  readonly repository?: string | { readonly url?: string }
  readonly publishConfig?: { readonly provenance?: boolean }
  readonly files?: readonly string[]
  readonly bin?: Readonly<Record<string, string>>
}

/**
 * What is wrong with a package as it would be published, a line each: where npm would refuse it, and where a user would be
 * given something broken, or something that is not theirs.
 *
 * @param folder the package, unpacked
 * @param traces what must be in no file: paths of the machine it was made on
 * @param env the environment of the publish, with npm's settings as `npm_config_*`
 */
export const judgePackage = (
  folder: string,
  { traces, env }: { readonly traces: readonly string[]; readonly env: Readonly<Record<string, string | undefined>> },
): readonly string[] => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(path => statSync(join(folder, path)).isFile())
    .sort()
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  return [
    ...judgeManifest(manifest, env),
    ...judgeLicense(manifest, files),
    ...judgeFiles(manifest, files),
    ...judgeLinks(folder, files),
    ...judgeCommands(folder, manifest),
    ...files.flatMap(path => findTrace(path, readFileSync(join(folder, path), 'utf8'), traces)),
  ]
}

const judgeManifest = (
  { private: isPrivate, repository, publishConfig }: Manifest,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] => {
  const url = typeof repository === 'string' ? repository : repository?.url
  const wantsProvenance = publishConfig?.provenance === true || env['npm_config_provenance'] === 'true'
  return [
    ...(isPrivate ? ['package.json: private, so npm does not publish it'] : []),
    ...(url === undefined ? ['package.json: no repository, without which npm resolves no link of the README'] : []),
    ...(wantsProvenance && url === undefined ? ['provenance: npm refuses it without a repository'] : []),
    ...(wantsProvenance && !canProve(env)
      ? ['provenance: only CI with an id token can make it, and this is not such; let the release workflow ask for it']
      : []),
  ]
}

/** As npm itself decides: GitHub with the permission `id-token: write`, or GitLab with a token for sigstore. */
const canProve = (env: Readonly<Record<string, string | undefined>>): boolean =>
  (Boolean(env['GITHUB_ACTIONS']) && Boolean(env['ACTIONS_ID_TOKEN_REQUEST_URL'])) ||
  (Boolean(env['GITLAB_CI']) && Boolean(env['SIGSTORE_ID_TOKEN']))

const judgeLicense = ({ license }: Manifest, files: readonly string[]): readonly string[] => [
  ...(license === undefined || license === 'UNLICENSED' ? ['package.json: no license, so nobody may use it'] : []),
  ...(files.includes('LICENSE') ? [] : ['LICENSE: not in the package']),
]

const judgeFiles = ({ files: wanted = [] }: Manifest, files: readonly string[]): readonly string[] => [
  // npm says nothing of an entry that matches no file.
  ...wanted
    .filter(entry => !entry.startsWith('!'))
    .filter(entry => !files.some(path => path === entry || path.startsWith(`${entry}/`)))
    .map(entry => `${entry}: in "files" of package.json, and not in the package`),
  ...files.filter(path => !MAY.some(may => may.test(path))).map(path => `${path}: not for users`),
]

const MAY = [
  /^package\.json$/,
  /^LICENSE$/,
  /^(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md$/,
  /^docs\/([\w-]+\/)*[\w-]+\.(md|json|toml)$/,
  /^launchd\/.+\.plist$/,
  /^dist\/.+\.(js|sql|applescript|html|css)$/,
]

/** Where a link of the README leads nowhere once the package is all that one has. */
const judgeLinks = (folder: string, files: readonly string[]): readonly string[] => {
  if (!files.includes('README.md')) return ['README.md: not in the package']
  return linksOf(readFileSync(join(folder, 'README.md'), 'utf8'))
    .filter(path => !existsSync(join(folder, path)))
    .map(path => `README.md: links to ${path}, which is not in the package`)
}

/** Paths of relative links, as Markdown or HTML, without what follows a `#`. Pictures are seen on the web: see "files". */
const linksOf = (markdown: string): readonly string[] => {
  const found = [...markdown.matchAll(/(?<!!\[[^\]]*)\]\(\s*<?([^)\s>]+)|\bhref="([^"\s]+)|^\[[^\]]+\]:\s*(\S+)/gm)]
  const targets = found.map(([, inline, html, reference]) => inline ?? html ?? reference ?? '')
  const relative = targets.filter(target => !/^([a-z][a-z+.-]*:|#|\/\/)/i.test(target))
  return [...new Set(relative.map(target => normalize(target.replace(/[#?].*/, ''))))]
}

const judgeCommands = (folder: string, { bin }: Manifest): readonly string[] => {
  const commands = Object.entries(bin ?? {})
  if (commands.length === 0) return ['package.json: no bin, so there is no command']
  return commands.flatMap(([name, path]) => {
    const file = join(folder, path)
    if (!existsSync(file)) return [`${path}: the command ${name}, and not in the package`]
    return [
      ...(readFileSync(file, 'utf8').startsWith('#!/usr/bin/env node\n')
        ? []
        : [`${path}: does not begin with #!/usr/bin/env node`]),
      ...((statSync(file).mode & 0o111) === 0o111 ? [] : [`${path}: cannot be executed by all`]),
    ]
  })
}

const findTrace = (path: string, text: string, traces: readonly string[]): readonly string[] => {
  const trace = traces.find(each => text.includes(each)) ?? /^\/\/# sourceMappingURL=.*/m.exec(text)?.[0]
  return trace === undefined ? [] : [`${path}: has ${trace} in it`]
}
