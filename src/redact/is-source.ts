import type { PasswordValue } from './password-value.ts'
import { patternOf } from './vocabulary.ts'

/** What a program or a manual has in place of a password: a call, a field, a variable, "<your-password>". */
export const isSource = (text: string, { start, end, value }: PasswordValue): boolean =>
  CALL.test(value) ||
  FIELD.test(value) ||
  VARIABLE.test(value) ||
  BLANK.test(value) ||
  BLANK.test(text.slice(Math.max(0, start - 1), end + 1))

/** "getPassword(user)", "input(…", "varchar(255)", "Optional[str]", "required|min:8". */
const CALL =
  /^(?:[A-Za-z_$]\w*[._][\w.]*|[a-z]+[A-Z]\w*|input|prompt|str|string|hash|env|getenv|getpass|generate|encrypt|random|varchar|char)[([]|^[A-Z]\w*[[<]|^[a-z]+(?:\|[a-z_]+(?::\w+)?)+$/
/** "process.env.DB_PASS", "user.password". */
const FIELD =
  /^(?:process\.env|os\.environ|import\.meta|req|request|res|response|self|this|user|account|config|settings|conf|cfg|args|params|opts|options|data|body|form|props|state|env|secrets|ctx|event|row|creds|credentials|payload|input)[.[][\w.[\]"']*$/i
/** "newPassword", "user_token", "${DB_PASSWORD}", "%PASS%", "your-password". */
const VARIABLE =
  /^[a-z]+[a-z_]*(?:Password|Passwd|Pass|Pwd|Token|Secret|Key|Hash|_(?:password|passwd|pass|pwd|token|secret|key|hash))$|^\$?\{{1,2}[\w\s.]+\}{0,2}$|^%[A-Z_]+%$|^your[-_]/

/** "<your-password>", "{password}", "[hidden]". */
const BLANK = patternOf('^[<{[][\\p{L}\\s_.-]+[>}\\]]$', 'u')
