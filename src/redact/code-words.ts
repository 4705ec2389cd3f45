import { createPhraseFinder, createPhrases, type FoundPhrase } from './find-phrases.ts'
import type { Reading } from './reading.ts'
import { wordSet } from './vocabulary.ts'

/** What a message calls a one-time code. As whole words, in any language that separates words. */
const SURE = [
  // English
  '(verification|verify|verifying|verif|security|confirmation|confirm|authentication|authenticator|authenticate|auth|authorization|authorisation|login|log in|logon|log on|sign in|signin|sign up|signup|one time|onetime|single use|temporary|temp|activation|registration|reset|recovery|backup|2fa|mfa|2sv|two factor|2 step|two step|validation|device|sms|text|pairing|approval|identity|identification|guard|transaction|payment|check in|secure|secret|access|linking|account|passcode reset|password reset) (sms )?(code|codes|pin|pin code|passcode|pass code|coce|token|otp)',
  '(one time|onetime|single use|temporary|temp|1 time) (secure |security |verification |secret )?(password|passwords|passcode|pass code|pass|pin|pin code|code|codes|p/w|pw|key)( code)?',
  '(verification|authentication|one time) (number|key|passcode)',
  'one time [a-z]{2,12} (code|pin|password|passcode)',
  '(4|5|6|7|8|four|five|six|seven|eight) ?digits?( (verification|security|confirmation|login|access|one time))? (code|pin|passcode|otp|number)',
  'verify ?code',
  'v ?code',
  't?otps?( (code|pin|password|number))?',
  '(m|sms|push|photo|chip|e|i|mobile) ?tans?( code| nr| nummer)?',
  'tan (code|nr|nummer)',
  'e ?tac( code| number)?',
  '(i|e) ?token',
  'tac (code|number|pin)',
  'apple (id|account) code',
  '(duo|okta|rsa|securid) passcode',
  // German
  '(bestatigungs|bestaetigungs|verifizierungs|verifikations|sicherheits|anmelde|einmal|aktivierungs|freigabe|zugangs|login|authentifizierungs|registrierungs|validierungs|sms|legitimations|zahlungs|auftrags|uberweisungs|gerate|konto|identifizierungs|identifikations|transaktions|pruf|auth|autorisierungs|wiederherstellungs|entsperr|zwei faktor|2 faktor|2fa|faktor authentifizierungs)~ ?(code|codes|pin|passwort|kennwort|tan|kode|schlussel)',
  'code zum zurucksetzen~( des passworts| deines passworts| ihres passworts)?',
  // French
  "codes? (secret )?(de |d')?(verification|confirmation|securite|transaction|virement|retrait|autorisation|recuperation|deverrouillage|validation|connexion|acces|authentification|activation|identification|paiement|unique|temporaire|sms|otp|reinitialisation|inscription)",
  'code a (usage unique|saisir|[0-9] chiffres)',
  'mot de passe (a usage unique|temporaire|unique|provisoire)',
  // Spanish
  '(codigo|clave|contrasena|pin|cod) (de |del )?(verificacion|confirmacion|seguridad|acceso|activacion|autenticacion|autorizacion|validacion|registro|firma|operaci(on|ones)|transacci(on|ones)|compra|pago|transferencia|recuperacion|identificacion|desbloqueo|un solo uso|uso unico|inicio de sesion|ingreso|temporal|unic[oa]|dinamic[oa]|otp|sms|token)',
  // Portuguese
  '(codigo|senha|token|pin|chave) (de )?(verificacao|confirmacao|seguranca|acesso|ativacao|autenticacao|autorizacao|uso unico|transacao|pagamento|compra|identificacao|recuperacao|desbloqueio|login|cadastro|temporari[oa]|validacao|utilizacao unica|sms)',
  // Italian
  "(codice|password|pin) (di |d'|dell'|per (la |l'))?(verifica|conferma|sicurezza|accesso|attivazione|autenticazione|autorizzazione|otp|temporane[oa]|monouso|usa e getta|sms|validazione|registrazione|recupero|pagamento|identificazione|sblocco|operazione|dispositivo)",
  // Dutch
  '(verificatie|bevestigings|signeer|betaal|mobiele |beveiligings|inlog|toegangs|activatie|activerings|sms|controle|tan|eenmalige?|herstel|authenticatie|aanmeld|veiligheids|validatie)~ ?(code|wachtwoord|pin|toegangscode)',
  // Swedish, Danish, Norwegian
  '(verifierings|verifikations|verifiserings|bekraftelse|bekreftelses|bekræftelses|engangs|sakerhets|sikkerheds|sikkerhets|inloggnings|paloggings|login|adgangs|aktiverings|godkendelses|kontroll?|sms|godkännande|autentiserings)~ ?(kod|koden|kode|losenord|passord|adgangskode|pin)',
  // Finnish
  '(vahvistus|varmennus|varmistus|kertakaytto|turva|kirjautumis|aktivointi|tunnistus|tunnistautumis)~(koodi|salasana|tunnus)~',
  // Polish
  'kod(em|u)? (weryfikacyjny|weryfikacji|potwierdzenia|potwierdzajacy|bezpieczenstwa|dostepu|aktywacyjny|autoryzacyjny|autoryzacji|sms|jednorazowy|logowania|do (logowania|transakcji|platnosci|przelewu|potwierdzenia|autoryzacji)|transakcji|platnosci|operacji|uwierzytelniajacy|blik)',
  '(jednorazowy|jednorazowe) (kod|haslo)',
  'haslo (jednorazowe|sms|do autoryzacji|do logowania)',
  // Czech, Slovak, Hungarian, Romanian, Croatian, Slovenian, Baltic languages
  '(overovaci|overovaciho|potvrzovaci|potvrdzovaci|autorizacni|autorizacny|bezpecnostni|bezpecnostny|prihlasovaci|aktivacni|aktivacny|sms|jednorazov~|verifikacni|verifikacny|kontrolni) (kod|heslo)',
  '(ellenorzo|megerosito|hitelesito|biztonsagi|belepesi|aktivalo|aktivacios|egyszeri|igazolo|visszaigazolo) ?(kod|jelszo)~',
  'codul? (tau |dvs |dumneavoastra |unic )?(de )?(verificare|confirmare|securitate|autentificare|acces|activare|validare|unic|sms|otp)',
  '(verifikacijski|potvrdni|sigurnosni|jednokratni|aktivacijski|pristupni|enkratn~|potrditven~|varnostn~) (kod|kod~|geslo|lozinka)',
  'kod za (potvrdu|verifikaciju|prijavu|pristup)',
  '(patvirtinimo|prisijungimo|saugos|vienkartinis) (kodas|slaptazodis)',
  '(verifikacijas|apstiprinajuma|apstiprinasanas|drosibas|vienreizejais) (kods|parole)',
  '(kinnitus|turva|uhekordne|aktiveerimis)~ ?(kood|parool)',
  'kodi i (verifikimit|konfirmimit|sigurise)',
  // Turkish
  '(dogrulama|onay|guvenlik|giris|aktivasyon|tek kullanimlik|sms|islem) (kod~|sifre~|parola~)',
  // Indonesian, Malay, Filipino, Vietnamese
  '(kode|kod) (verifikasi|otp|konfirmasi|keamanan|aktivasi|akses|masuk|rahasia|pengesahan|keselamatan|login|unik)',
  'ma (so )?(xac nhan|xac thuc|xac minh|otp|kich hoat|bao mat|dang nhap|pin)',
  '(verification|one time) na code',
  // Russian, Ukrainian, Bulgarian, Serbian
  '(проверочн~|одноразов~|секретн~|временн~|сеансов~|код~) (код|кода|пароль|проверки|подтверждения)',
  'кода? (подтверждения|верификации|доступа|авторизации|безопасности|активации|проверки|входа|регистрации|для входа|для подтверждения|для авторизации|из смс|смс|восстановления|оплаты|операции|перевода|для перевода|для оплаты|для регистрации|списания|покупки)',
  'смс код',
  'код (підтвердження|верифікації|доступу|безпеки|авторизації|активації|для входу|перевірки|входу)',
  '(одноразовий|тимчасовий) (код|пароль)',
  'пароль для (подтверждения|входа|входу|оплаты|операции|доступа)',
  'код за (потвърждение|достъп|вход|сигурност|верификация|проверка)',
  'еднократен (код|парола)',
  '(верификациони|потврдни|сигурносни) код',
  'parol dlya podtverzhdeniya',
  'kod podtverzhdeniya',
  // Greek, Hebrew, Arabic, Persian, Urdu
  'κωδικ~ (επαληθευσης|επιβεβαιωσης|ασφαλειας|μιας χρησης|προσβασης|εισοδου|ενεργοποιησης|συνδεσης)',
  '[הו]?קוד ה?(אימות|כניסה|גישה|אישור|סודי|הזדהות|הפעלה|אבטחה|זיהוי|חד פעמי)',
  '[הו]?סיסמ(ה|א) ה?חד ה?פעמית?',
  '(رمز|كود|كلمه المرور|كلمه السر) (ال)?(تحقق|تاكيد|تفعيل|امان|دخول|موقته?|مره واحده|مره الواحده|لمره واحده|موحد)( الخاص)?',
  '(رمز|كود) (التحقق|التاكيد|التفعيل|الامان|الدخول|المصادقه|المرور لمره واحده|السري|الموقت)( الخاص بك)?',
  '(كد|رمز) (تاييد|فعالسازي|فعال سازي|ورود|احراز|امنيتي|يكبار مصرف|پويا|تصديق|تصديقي)',
  // Hindi, Bengali and others
  '(सत्यापन|वेरिफिकेशन|पुष्टि|सुरक्षा) (कोड|पिन)',
  'ओटीपी',
  'যাচাইকরণ কোড',
  'ওটিপি',
  '(ఓటీపీ|ஓடிபி|ಒಟಿಪಿ|ഒടിപി|ઓટીપી)',
  '(ధృవీకరణ|నిర్ధారణ) కోడ్',
]

/** The same where words are not separated. */
const SURE_UNSPACED = [
  '(短信|手机|手機|登录|登錄|登入|注册|註冊|动态|動態|交易|随机|隨機|身份|图形)?(验证|驗證|校验|校驗|检验|檢核|确认|確認|认证|認證|激活|啟用|启用|动态|動態|随机|隨機|授权|授權|登录|登錄|登入|安全|短信|识别)(码|碼|口令)',
  '(一次性|動態|动态|临时|臨時|otp)(密码|密碼|口令)',
  '(認証|確認|検証|承認|本人確認|ログイン|セキュリティ|ワンタイム|ワンタイムパス|一時|アクセス|アクティベーション|有効化|登録|本人認証|二段階認証|2段階認証)用?(コード|番号|キー|パスワード|パスコード)',
  'ワンタイムパスワード',
  '(인증|확인|보안|로그인|일회용|승인용|본인확인|가입|휴대폰 ?인증) ?(번호|코드|비밀번호|암호)',
  'รหัส ?(otp|ยืนยัน|ผ่านครั้งเดียว|ความปลอดภัย|ยืนยันตัวตน|เข้าสู่ระบบ)',
]

/** "Code" alone: it takes more around it. */
const GENERIC = [
  'codes?',
  'tan',
  'tac',
  'kod(u|em|en|ot|ja|as|s|unuz|unuzu|um|y)?',
  'kode(n|ns|t)?',
  'koodi~',
  'kood',
  'kodi',
  'codice',
  'codigo',
  'codi',
  'cod(ul)?',
  'код(ом|а|у)?',
  'κωδικος',
  '[הו]?קוד',
  '(ال)?(رمز|كود)',
  'كد',
  'कोड',
  'কোড',
  'కోడ్',
  'குறியீடு',
  'ಕೋಡ್',
  'കോഡ്',
  'કોડ',
  'ਕੋਡ',
  // a word that ends in it: Paketcode, lösenkod
  '~(code|kode|koden|kod|koodi|koodisi)',
]
const GENERIC_UNSPACED = ['コード', '코드', 'รหัส']

/** "Verification: 123456". */
const ACTIONS = [
  'verification',
  'verify',
  'verificatie',
  'verifizierung',
  'verificacion',
  'verificacao',
  'verifica',
  'authentication',
  'authenticator',
  'confirmation',
  'activation',
  '2fa',
  'mfa',
  'two factor',
  'login',
  'sign in',
  'einmalpasswort',
]

/** Of a message that says how short they live, or calls them a code: "This code expires in 10 minutes". */
const PINS = [
  'pins?',
  'pass ?codes?',
  'passwords?',
  'passwort',
  'kennwort',
  'mot de passe',
  'contrasena',
  'clave',
  'senha',
  'wachtwoord',
  'haslo',
  'sifre~',
  'пароль',
]

export type CodeLabel = FoundPhrase<'sure' | 'pin' | 'generic' | 'action'>

/** Where a text speaks of codes, in order. */
export const codeLabels = ({ text, plain }: Pick<Reading, 'text' | 'plain'>): CodeLabel[] => {
  const isShort = isShortLived(plain)
  return labels.find(plain).filter(({ sort, start, end }) => {
    if (sort === 'pin') return isShort
    if (end - start === 3 && plain.startsWith('tan', start) && !text.startsWith('TAN', start)) return false // a colour
    if (sort === 'generic') return !isOtherCode(plain, start, end)
    return sort === 'action' || !isPromised(plain, end)
  })
}

const labels = createPhraseFinder({
  sure: { words: SURE, anywhere: SURE_UNSPACED },
  pin: { words: PINS },
  generic: { words: GENERIC, anywhere: GENERIC_UNSPACED },
  action: { words: ACTIONS },
})

/** The postcode, the discount code, the code of an error or a colour: what makes another sort of code of it. */
const isOtherCode = (plain: string, start: number, end: number): boolean => {
  const word = plain.slice(start, end)
  if (OTHER_COMPOUND.test(word)) return true
  const before = /([\p{L}\p{N}+#]{1,30})[\s'"-]{1,3}$/u.exec(plain.slice(Math.max(0, start - 34), start))?.[1]
  const isTold = before === 'bank' && /^\s(?:they|you|i|we)\s/.test(plain.slice(end, end + 8))
  if (before !== undefined && OTHER_BEFORE.has(before) && !isTold) return true
  return OTHER_AFTER.beginsIn(plain.slice(end, end + 40), /^[\s-]{1,3}$/, 3)
}

/** "Security code required", "verification codes are": no code comes. */
const isPromised = (plain: string, end: number): boolean =>
  /^\s{1,2}(?:generator|scam|scams|app|apps|page|screen|button|field|box|form|feature|system|error|fraud)(?![\p{L}])/u.test(
    plain.slice(end, end + 20),
  )

const OTHER_COMPOUND =
  /^(?:(?:post|zip|pin|bar|qr|strich|strek|streep|streepjes|gutschein|rabatt|aktions|promo|vorteils|kortings|actie|rabat|fehler|foute?|fel|feil|fejl|quell|quelltext|source|farb|kleur|farg|farve|lander|landes|land|lands|vorwahl|kurs|buchungs?|boekings?|boknings?|bestell|bestil|artikel|produkt|waren|flug|zeit|dress|erbgut|geo|uni|en|de|trans|op|vs|x|byte|micro|mikro|gcode|g|m|hash|short|pseudo|null|auto|re|pre|hex|area|country|color|colour|error|status|time|morse|binar|maschinen|programm|referral|empfehlungs|einladungs|freundschafts|invite|uitnodigings|inbjudnings|invitations|voucher|coupon|gift|geschenk|cadeau|present|steuer|branchen|bank|swift|fan|encode|epi|ana|kata|bus|penal|leet|no|low|vi|cheat|skat|epis|period|zahl|klasse|klassen|gang|versand|sendungs|tracking|spar|laender|orts|gemeinde|tank|lack|motor|ver|hoch|tier|nach|kunden|mitglieds|booking|student|team|klassen|raum)s?(?:code|codes|kode|koden|kod|koodi)|episode|periode|methode|anode|diode|electrode|elektrode|cathode|explode|explodes|kodak|barkod~?|vihkoodi|postikoodi|postinumero|alennuskoodi|viivakoodi|virhekoodi|tuotekoodi|qr-?koodi|lahdekoodi)$/u

const OTHER_BEFORE: ReadonlySet<string> = wordSet(`
  promo pin promotion promotional discount coupon voucher gift gutschein rabatt referral refer invite invitation friend creator affiliate
  article produce artikel catalog catalogue zip postal post area country dial dialing dialling city region regional error exit status response http https return fault trouble
  diagnostic engine dtc obd bar qr source dress tax building penal civil criminal vehicle fire electrical plumbing municipal labor
  labour color colour hex product item sku part model style batch lot order purchase booking reservation flight airline airport
  iata icao station ticker swift bic sort routing branch ifsc hs naics sic icd cpt icd10 billing diagnosis procedure course class subject
  section module department cost gl project job language locale currency iso ascii unicode morse binary machine byte assembly legacy
  clean bad good shitty ugly spaghetti buggy shader python java javascript typescript c c++ js ts rust go golang swift kotlin php ruby
  perl cobol fortran html css sql cheat team lobby party server friend dealer vendor supplier customer client member membership
  loyalty student employee staff patient nurse doctor campaign offer deal savings shipping tracking shipment rma warranty design
  paint radio fare state province county fips census district zone bus train platform menu plu upc ean gtin isbn nutrition recipe drug
  ndc dea license licence plate photo video song wire ten penal moral ethical honor honour conduct cultural genetic dna neural old
  lines line more less some much any no test testing unit sample example demo open write writing wrote writes read reading review reviewing fix fixing refactor
  refactoring deploy deploying ship shipping push pushing merge merging debug debugging run running compile production stop
  prod backend frontend dead working broken blue red black pink orange yellow green grey gray silver concourse
  cheat dresscode geo lang timezone tz exchange commodity tariff customs hts vat duty vin paint trim key valve stock warehouse bin
  shelf locker_ store shop partner agent broker merchant terminal bank blz iban aba ach mcc naics company stadt land lander
  промо почтовый пост qr штрих zip rabatowy bledu pocztowy kreskowy kolor koloru podatkowy posta ulke alan indirim hata urun barkod
  promosi pos negara diskon kupon referral buu giam uu dai kotikunta
  postnummer שגיאה מבצע הנחה`)

const OTHER_AFTER = createPhrases([
  'postale?~',
  'promo~',
  'poste',
  "(de |del |da |do |di |d'|de la |des |du )?(descuento|desconto|reduction|remise|sconto|errore?|erreur|erro|area|pais|pays|barras|barres|barre|couleur|color|cor|colore|cadeau|regalo|travail|route|conduite|procedure|produit|produto|producto|prodotto|article|articulo|artigo|articolo|cupon|cupom|coupon|parrainage|indicacao|invitacion|convite|reserva|reservation|prenotazione|suivi|seguimiento|rastreio|rastreamento|vestimenta|etica|conducta|conduta|comercio|trabajo|honor)",
  'qr',
  'fiscale?s?',
  'fuente',
  'source',
  'civil',
  'penale?',
  'swift',
  'bic',
  'iban',
  'iata',
  'pocztowy',
  'rabatowy',
  'kreskowy',
  'bledu',
  'qr',
  'pos',
  'promosi',
  'diskon',
  'negara',
  'kupon',
  'ошибк~',
  'город~',
  'стран~',
  'регион~',
  'товар~',
  'скидк~',
  'заказ~',
  'брон~',
  'окпо',
  'оквэд',
  'предложения',
  'помилки',
  'міста',
  'країни',
  'на грешка',
  'שגיאה',
  'הנחה',
  'קופון',
  'מיקוד',
  'خطا',
  'تخفيف',
  'تخفيض',
  'خصم',
  'الخصم',
  'بريدي',
  'البريدي',
  'پستي',
  'ملي',
  'رهگيري',
  'الدوله',
  'reviews?',
  'review~',
  'base',
  'freeze',
  'complet~',
  'editor',
  'of (conduct|practice|honor|honour|ethics|arms|silence|laws?)',
  'name',
  'red',
  'blue',
  'switch~',
  'style',
  'smells?',
  'paths?',
  'blocks?',
  'snippets?',
  'generator',
  'camp',
  'words?',
  'division',
  'enforcement',
  'monkey',
  'pages?',
  'points?',
  'lines?',
  'cover~',
  'quality',
  'changes?',
  'section',
  'violations?',
  'breaker',
  'talker',
])

/** "This code", as the services say it behind the code itself. */
export const speaksOfThisCode = (plain: string): boolean => thisCode.isIn(plain)

const THIS_CODE = [
  '(this|that) (code|pin|passcode|otp)',
  'dies(en|er|em) (code|pin)',
  'cet? (code|mot de passe)',
  'ce code',
  '(este|esse) (codigo|pin)',
  'esta (clave|senha)',
  'quest[oa] (codice|pin|password)',
  'de[sz]e (code|pincode)',
  '(denna|denne|den har|den her) (kod|kode|koden)',
  '(tego|ten|tym) kod(u|em)?',
  '(tento|tomto|toto) (kod|heslo)',
  '(этот|этого|этим|данный) код(а|ом)?',
  '(цей|цього) код(у)?',
  'bu (kodu?|sifreyi)',
  '(kode|kod) ini',
  'acest cod',
  'tata koodia',
]
const thisCode = createPhrases(THIS_CODE)

/** A PIN or a password of such a message is a one-time code. */
const isShortLived = (plain: string): boolean => shortLived.isIn(plain)

const shortLived = createPhrases([
  ...THIS_CODE,
  'expires? (in|within) [0-9][0-9]?',
  '(valid|good|active) (for )?(the next )?[0-9][0-9]? min~',
  'to (verify|confirm) your',
  'within [0-9][0-9]? min~',
  "if you did(n't| not) request",
  'fur [0-9][0-9]? min~',
  'valable [0-9][0-9]? min~',
  'valido (por|per) [0-9][0-9]? min~',
  '[0-9][0-9]? минут~',
  'kimseyle paylas~',
])

/** Whether the whole text is of the sort that carries a code: it is short-lived, secret, or lets somebody in. */
export const speaksOfSecrecy = (plain: string): boolean => secrecy.isIn(plain)

const secrecy = createPhrases(
  [],
  [
    'do not share',
    "don'?t share",
    'never share',
    'not share (it|this)',
    'do not (give|forward|disclose|tell)',
    "don'?t (give|forward|tell)",
    'keep (it|this) (private|secret)',
    'expires? in [0-9]',
    'expires? (at|after|soon)',
    'valid (for|until|till) (the next )?[0-9]',
    '(to|and) (verify|log in|log ?on|sign in|login|authenticate|confirm your|activate|complete your|reset your|access your|finish)',
    'verify your',
    '(confirm|verify|log ?in|sign in|authenticate) with',
    "(did ?n[o']t|did not|if you did) (request|try|initiate)",
    'authenticat~',
    'verification',
    '2fa',
    'one time',
    'nicht weiter',
    'niemand~',
    'mit niemandem',
    'gultig',
    'anmeld~',
    'ne (le |la )?partagez',
    'ne (le )?communiquez',
    'pour (vous )?(connecter|valider|confirmer|verifier)',
    'valable',
    'connexion',
    'no (lo |la )?compart~',
    'nao (o |a )?compartilh~',
    'nao partilhe',
    'para (confirmar|acceder|verificar|iniciar|entrar|acessar|validar|firmar|autorizar)',
    'non (condivid~|comunicar~)',
    'per (accedere|confermare|verificare)',
    'deel (deze|dit|hem|uw|je)',
    'om (in te loggen|je|uw)',
    'никому',
    'не сообщайте',
    'для входа',
    'для подтверждения',
    'kimseyle',
    'nikomu',
    'nie udostepniaj',
    'jangan',
    'khong chia se',
    '分钟内',
    '分鐘內',
    '请勿',
    '請勿',
    '有効',
    '유효',
    'ログイン',
    '登录',
    '登入',
  ],
)
