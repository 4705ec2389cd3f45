import type { Find } from './find.ts'
import type { Reading } from './reading.ts'

/** Secrets of machines that anybody knows by their form, without a word beside them: a `password` like any other. */
export const findKeys = ({ text }: Reading): Find[] => [...privateKeys(text), ...tokens(text)]

const tokens = (text: string): Find[] =>
  [...text.matchAll(TOKEN)].map(match => {
    // Of an address with a password in it, the password.
    const [start, end] = match.indices?.slice(1).find(each => each !== undefined) ?? [
      match.index,
      match.index + match[0].length,
    ]
    return { kind: 'password', start, end }
  })

const SHAPES = [
  'sk-(?:ant-|proj-|svcacct-|or-)?[A-Za-z0-9_-]{20,200}', // OpenAI, Anthropic
  '[srp]k_(?:live|test)_[A-Za-z0-9]{10,200}', // Stripe
  'whsec_[A-Za-z0-9+/=]{20,100}',
  'gh[pousr]_[A-Za-z0-9]{30,255}', // GitHub
  'github_pat_[A-Za-z0-9_]{30,255}',
  'gl(?:pat|dt|rt|ptt)-[A-Za-z0-9_-]{16,100}', // GitLab
  '(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}', // AWS
  'xox[abeoprs]-[A-Za-z0-9-]{10,250}', // Slack
  'xapp-[A-Za-z0-9-]{10,250}',
  'AIza[A-Za-z0-9_-]{35}', // Google
  'ya29\\.[A-Za-z0-9_-]{20,250}',
  'GOCSPX-[A-Za-z0-9_-]{20,60}',
  'eyJ[A-Za-z0-9_-]{8,4000}\\.[A-Za-z0-9_-]{8,8000}(?:\\.[A-Za-z0-9_-]{4,2000})?', // JSON web tokens
  'hf_[A-Za-z0-9]{30,60}',
  'npm_[A-Za-z0-9]{30,60}',
  'pypi-[A-Za-z0-9_-]{30,250}',
  'do[opr]_v1_[a-f0-9]{40,80}',
  'SG\\.[A-Za-z0-9_-]{16,40}\\.[A-Za-z0-9_-]{30,60}', // SendGrid
  'key-[a-f0-9]{32}', // Mailgun
  'shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}', // Shopify
  'sq0[a-z]{3}-[A-Za-z0-9_-]{22,60}', // Square
  'EAAC[A-Za-z0-9]{30,300}', // Facebook
  'gsk_[A-Za-z0-9]{30,80}',
  'xai-[A-Za-z0-9]{30,120}',
  'r8_[A-Za-z0-9]{30,60}',
  'pplx-[A-Za-z0-9]{30,80}',
  'tskey-[a-z]{2,12}-[A-Za-z0-9-]{10,100}',
  'AGE-SECRET-KEY-1[A-Z0-9]{50,70}',
  'lin_api_[A-Za-z0-9]{20,80}',
  'ntn_[A-Za-z0-9]{30,80}',
  'secret_[A-Za-z0-9]{40,60}',
  'dckr_pat_[A-Za-z0-9_-]{20,60}',
  'figd_[A-Za-z0-9_-]{20,80}',
  'PMAK-[A-Za-z0-9-]{30,80}',
  'sntrys_[A-Za-z0-9+/=_-]{30,300}',
  'hvs\\.[A-Za-z0-9_-]{20,200}',
  '[0-9]{8,10}:AA[A-Za-z0-9_-]{30,40}', // Telegram's bots
  '[MNO][A-Za-z0-9_-]{23,27}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,40}', // Discord's bots
]

const TOKEN = new RegExp(
  `(?<![A-Za-z0-9_-])(?:${SHAPES.join('|')})(?![A-Za-z0-9])|[Aa]uthorization["']?\\s?[:=]\\s?["']?(?:[Bb]asic|[Bb]earer|[Tt]oken)\\s([A-Za-z0-9+/=._~-]{8,400})|hooks\\.slack\\.com/services/([A-Za-z0-9/]{20,80})|(?<=[a-z]://)[^\\s/:@]{1,64}:([^\\s/@]{1,128})(?=@)`,
  'dgu',
)

/** Up to the end mark, or to the end of the text. */
const privateKeys = (text: string): Find[] => {
  const found: Find[] = []
  const end = /-{1,6}\s?END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?\s?-{1,6}/g
  for (const match of text.matchAll(/-{1,6}\s?BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?\s?-{1,6}/g)) {
    if (match.index < (found.at(-1)?.end ?? 0)) continue
    end.lastIndex = match.index
    found.push({ kind: 'password', start: match.index, end: end.exec(text) === null ? text.length : end.lastIndex })
  }
  return found
}
