import { createPhraseFinder, type FoundPhrase } from './find-phrases.ts'
import { wordSet } from './vocabulary.ts'

/** What people call a password. As whole words. */
const PASSWORD = [
  '~password',
  'pass ?words?',
  '~passw(o|oe)rt(er|es|s)?',
  'passwor[dt]e?n?',
  'passwr?ds?',
  '(pasword|passowrd|passwrod|passwor|passwod|pssword|psswrd|passsword|paswrd|passwird|passwprd|pazzword|pword|p word)s?',
  'p[a@4][s$5][s$5]w[o0]rds?',
  'passord(et)?',
  'pwds?',
  'pws?',
  'p/w',
  'psw',
  'pswd',
  'pass ?phrases?',
  'pass ?codes?',
  'pass ?keys?',
  'kenn ?wort(e|er)?',
  '~kennwort',
  'passphrasen?',
  'losungswort',
  'geheimzahl',
  'zugangsdaten',
  'mots? de passe',
  'mdp',
  'phrase (de passe|secrete)',
  'identifiants',
  'contrasenas?',
  'contrasenya',
  'clave del? (wifi|wi fi|internet|router|acceso)',
  'frase de contrasena',
  'senhas?',
  'palavra ?passe',
  'palavras? passe',
  "parola d'ordine",
  'parola( de acces)?',
  'wachtwoord(en)?',
  '~wachtwoord',
  'losen ?ord(et)?',
  '~losenord(et)?',
  'adgangskoden?',
  'kodeord(et)?',
  'salasana~',
  'hasl(o|a|em)',
  'hesl(o|a|em)',
  'jelszo~',
  'lozink(a|u|e)',
  'sifra',
  'geslo',
  'slaptazodis',
  'parool(i)?',
  'fjalekalimi',
  'sifre~',
  'parola~',
  'kata (sandi|laluan)',
  'mat khau',
  'nenosiri',
  'κωδικος( προσβασης)?',
  'συνθηματικο',
  'парол(ь|я|ем|и|ю)',
  'парола(та)?',
  'лозинка',
  'шифра',
  '[הו]?סיסמ(ה|א|ת|תי|תך|תכם)',
  'הסיסמ(ה|א)',
  '(ال)?باسورد',
  'كلمه (ال)?(مرور|سر)',
  '(ال)?رقم السري',
  'رمز عبور',
  'گذرواژه',
  'पासवर्ड',
  'পাসওয়ার্ড',
  'credentials',
  'creds',
  'login (details|info|data)',
  'logindaten',
]
const PASSWORD_UNSPACED = [
  '密码',
  '密碼',
  '口令',
  'パスワード',
  'パスコード',
  '暗証番号',
  'パスフレーズ',
  '비밀번호',
  '패스워드',
  '비번',
  '암호',
  'รหัสผ่าน',
]

/** A word that has other meanings, too. */
const PASS = ['pass', 'ww', 'passes', 'clave', 'key', 'schlussel', 'cle']

const PIN = [
  'pins?( code| codes| number| nummer| nr| no)?',
  'pincodes?',
  'pin ?kode?n?',
  'nip',
  'code pin',
  'codigo pin',
  'codice pin',
  'пин( код)?',
  'пинкод',
  'puk( code)?',
  'קוד סודי',
  'pass ?code',
  '(phone|iphone|ipad|tablet|laptop|computer|macbook|mac|pc|screen) pass',
]

/** Secrets of machines: only what looks like one is taken for one. */
const KEY = [
  '(api|app|access|secret|private|license|licence|product|activation|encryption|recovery|master|service|account|auth|signing|webhook|consumer|client|session|bearer|refresh|id|personal access|ssh|deploy|storage|shared|admin|stripe|openai|github|aws) ?(key|token|secret|schlussel)s?',
  'api',
  'tokens?',
  'secrets?',
  'client secret',
  'secret',
  'bearer',
  'authorization',
  'lizenzschlussel',
  'produktschlussel',
  "cle (api|de licence|d'acces|secrete)",
  'clave (api|de acceso|de licencia|secreta)',
  'chave (api|de acesso|secreta)',
  'токен',
  'ключ',
]

/** Networks: their key is a password. */
const NETWORK = [
  '(wi ?fi|wlan|wpa2?|network|netzwerk|router|hotspot|guest wifi) ?(key|schlussel|code|pass|pw|psk)',
  'wpa2?( psk)?',
  'psk',
  'cle (wifi|wi fi|wpa|du wifi|reseau)',
  'code (wifi|wi fi|du wifi)',
  'clave (wifi|wi fi|wpa|de wifi)',
  'chave (wifi|da rede)',
  '~schlussel',
]

/** What opens doors and safes. */
const PLACE =
  '(front |back |side |main |garage |garden |rear |office |building |apartment |community |parking |pool |car |house |bike )?(door|gate|garage|alarm|lock|lock ?box|safe|building|entry|entrance|keypad|key ?pad|house|apartment|apt|flat|locker|padlock|bike lock|suitcase|luggage|vault|gym|key ?box|key ?safe|bathroom|restroom|toilet|parking|elevator|lift|pool|shed|unlock|airbnb|car|office|callbox|call box|phone|screen|tablet|ipad|iphone|security system|disarm|security alarm|voicemail|conference|meeting|host|dial in)'
const DOOR = [
  `${PLACE} (access )?(code|codes|pin|combo|combination)`,
  '(code|combination|combo|pin) (for|to|of|on) (the |my |our |your |his |her |their )?(new |old )?(front |back |side |main |garage |garden )?(door|gate|garage|alarm|lock|lock ?box|safe|building|entrance|keypad|house|apartment|flat|locker|padlock|bike lock|bike|suitcase|vault|gym|key ?box|key ?safe|bathroom|restroom|toilet|parking|elevator|lift|pool|shed|phone|ipad|tablet|car|office)',
  '(haus|tur|haustur|alarm|tor|garagen|tresor|schliessfach|schloss|zahlenschloss|fahrradschloss|vorhangeschloss|tuer|haustuer|eingangs|safe|gate|keller)~ ?(code|pin|kombination)',
  'code (fur|zur|zum|vom|fur die|fur den|fur das) (die |den |das |der )?(haus|tur|haustur|alarmanlage|alarm|tor|garage|tresor|schliessfach|schloss|eingang|safe|keller)~',
  'digicode',
  'buzzer( code)?',
  '(call|entry|gate|house) ?code',
  'combo',
  'combination',
  "code (de la porte|du portail|de l'immeuble|de la porte d'entree|du garage|de l'alarme|d'entree|porte|portail|immeuble)",
  'codigo (de la puerta|del portal|de la alarma|del garaje|puerta|do portao|da porta|do alarme|portao|de la entrada|de entrada)',
  "codice (del portone|del cancello|della porta|dell'allarme|portone|cancello)",
  'code van de (deur|voordeur|poort|kluis)',
  '(deur|voordeur|poort|kluis|alarm) ?code',
  '(dorr|port|port|inngangs|larm|alarm) ?(kod|kode)(en)?',
  'код (от )?(двери|домофона|подъезда|ворот|сейфа|квартиры|сигнализации|домофон)',
  'kod do (bramy|drzwi|furtki|domofonu|klatki|alarmu)',
]
const DOOR_UNSPACED = ['门禁码', '門禁碼', '门锁密码', '开门密码', '大门密码']

/** Many words are the secret. */
const PHRASE = [
  'pass ?phrases?',
  '(seed|recovery|backup|secret|wallet|mnemonic|security) phrase',
  '(seed|recovery|backup|mnemonic) words',
  'mnemonic',
  'frase (semilla|de recuperacion)',
  'phrase (de passe|secrete|de recuperation)',
  'passphrasen?',
]

export type PasswordLabel = FoundPhrase<'phrase' | 'door' | 'network' | 'pin' | 'key' | 'password' | 'pass'>

/** Where a plain text speaks of passwords, in order. */
export const passwordLabels = (plain: string): PasswordLabel[] => labels.find(plain)

const labels = createPhraseFinder({
  phrase: { words: PHRASE },
  door: { words: DOOR, anywhere: DOOR_UNSPACED },
  network: { words: NETWORK },
  pin: { words: PIN },
  key: { words: KEY },
  password: { words: PASSWORD, anywhere: PASSWORD_UNSPACED },
  pass: { words: PASS },
})

/** "Password: required", "the password is wrong": what is said of passwords, and no password. In small letters. */
export const ORDINARY: ReadonlySet<string> = wordSet(`
  a an the this that these those it its it's he she we you they i my your his her our their mine yours ours theirs me him us them
  is are was were be been being am isn't aren't wasn't not no none never nothing n/a na yes yep yeah nope ok okay sure
  and or but if so as at by for from in into of off on onto out over to up with without via per than then when where what
  which who whom whose why how because since until while after before about above below under here there now today tomorrow
  yesterday tonight later soon already still just only also too very really quite pretty rather super so-so kinda kind kindly
  almost always often sometimes usually probably maybe perhaps likely currently actually literally basically simply even again
  see ask check look call text email mail contact use try enter type click tap press reset change update set get find
  send share tell give need want forgot forget forgotten remember lost expired expires expiring changed updated
  taken available wrong incorrect correct right invalid valid required optional mandatory necessary missing unknown hidden empty blank
  null undefined nil string str number integer int boolean bool varchar char bytes text any weak strong stronger strongest long longer short shorter too-short different same similar unique new old
  older newer default temporary secure insecure safe unsafe secret private public personal protected encrypted hashed
  stored saved written printed taped attached enclosed included provided sent shared posted pinned listed noted shown
  visible needed unchanged compromised leaked stolen hacked broken working gone set locked unlocked blocked disabled
  enabled activated active inactive on-file tbd tba todo asap pending coming ready done fine good great bad stupid silly
  dumb funny hilarious weird strange easy hard difficult simple complex complicated important confidential sensitive
  case-sensitive case sensitive up-to-date obvious guessable terrible awful horrible crazy insane ridiculous annoying
  impossible wifi wi-fi network email e-mail username user login account password passwords policy manager reset
  protection field generator hint recovery rules requirements length minimum maximum at-least least most more less
  fewer between exactly around approximately one two three four five six seven eight nine ten few several many
  some any all both each every other another next last first second please thanks thank hi hello hey sorry
  can could should would will won't can't cannot must may might shall do does did don't doesn't didn't has have had
  having make makes made keeps kept keep got gets goes going go comes come been took take takes like likes way problem
  issue error failed failing fails works worked work doing being something anything everything someone anyone nobody
  people person name names number numbers letter letters characters digits symbols words word sentence phrase phrases date birthday day month year
  time times dog cat dog's cat's mom's dad's mum's kid's song movie book street home house office work-related
  on-the-fridge sticky note fridge paper back front bottom top side router box desk drawer
  falsch richtig abgelaufen vergessen geandert zuruckgesetzt zurucksetzen andern ungultig unbekannt zu nicht kein keine sehr noch schon bald
  jetzt hier dort unten oben siehe wie immer gleich dasselbe derselbe neu alt sicher unsicher schwach stark lang kurz leer
  erforderlich notig notwendig gesperrt gespeichert geheim einfach schwer der die das ein eine einen dem den des ist sind
  war muss soll kann wird und oder aber mit ohne fur auf in im am an bei von vom zum zur nach aus bitte danke mein dein
  ihr sein unser euer per uber unter weg da so auch nur wieder
  incorrect oublie oubliee expire expiree faux fausse trop pas plus tres deja encore maintenant ici la le les un une des du de
  dans sur sous avec sans pour par et ou mais est sont voir comme meme nouveau nouvelle ancien ancienne valide invalide
  requis obligatoire change modifie court long fort faible secret perdu mon ton son notre votre leur qui que quoi ne ni
  incorrecta incorrecto correcta correcto olvidada olvide caducada caducado expirada expirado muy ya aun todavia ahora aqui alli
  el los las unos una uno y o pero con sin para por en es son esta estan debil fuerte larga corta mala buena segura
  insegura vacia nueva vieja misma mismo demasiado obligatoria necesaria cambiada cambiado bloqueada mi tu su nuestra que no
  errada errado incorreta incorreto correta correto expirou expirada esquecida esqueci muito ja ainda agora aqui ali os as um uma e ou mas com
  sem na nas nos da das do dos fraca forte longa curta segura nova velha mesma mesmo obrigatoria necessaria alterada mudou meu minha seu sua
  sbagliata sbagliato errata scaduta scaduto dimenticata corretta troppo molto gia ancora adesso ora qui li il lo gli i un uno una e o ma
  con senza per nel nella sul sulla sullo dal dalla al alla del della frigo su debole lunga corta sicura nuova vecchia stessa obbligatoria cambiata mia tua sua non
  fout onjuist verkeerd verlopen vergeten gewijzigd te niet geen heel nog al nu hier daar het een en of maar met zonder voor op van zwak
  sterk kort lang nieuw oud zelfde verplicht nodig mijn jouw je uw zijn onze
  fel felaktigt fel glomt utgatt byt inte ingen mycket nu har dar ett och eller men utan for pa av svagt starkt kort nytt gammalt samma
  forkert glemt udlobet ikke ingen feil utlopt
  неверный неправильный неверен истек забыл забыла изменен не нет уже еще сейчас тут там и или но без для на от из мой твой ваш
  слишком слабый сложный простой новый старый тот такой же надо нужно можно
  zle bledne nieprawidlowe wygaslo zapomnialem nie jest juz tu tam i lub ale bez dla na od nowe stare`)

/** Words that end like these say how something is. */
export const ORDINARY_ENDING = /^.{3,}(?:ed|ing|able|ible|ful|less|ous|ive|ly)$/
