/** How much is found and how much is taken for what it is not: `npm run redaction-rates`, or with two files of one's own. */
import { pathToFileURL } from 'node:url'
import { judgeOrdinary, judgeSecret, readOrdinary, readSecrets } from './measure.ts'

const [secretsFile, ordinaryFile] = process.argv.slice(2)
const from = (given: string | undefined, name: string): URL =>
  given === undefined ? new URL(name, import.meta.url) : pathToFileURL(given)

const judged = readSecrets(from(secretsFile, 'secrets.txt')).map(secret => ({ ...secret, ...judgeSecret(secret) }))
const ordinary = readOrdinary(from(ordinaryFile, 'ordinary.txt'))
const alarms = ordinary.flatMap(text => {
  const after = judgeOrdinary(text)
  return after === undefined ? [] : [{ text, after }]
})

for (const kind of new Set(judged.map(({ kind }) => kind))) {
  const ofKind = judged.filter(each => each.kind === kind)
  const missed = ofKind.filter(({ leaks }) => leaks)
  const spoiled = ofKind.filter(({ leaks, spoils }) => spoils && !leaks)
  console.log(
    `${kind.padEnd(9)} ${String(ofKind.length).padStart(4)} sentences, ${missed.length} missed, ${spoiled.length} with more masked than the secret`,
  )
  for (const { text, after } of missed) console.log(`  missed: ${show(text)} → ${show(after)}`)
  for (const { text, after } of spoiled) console.log(`  too much: ${show(text)} → ${show(after)}`)
}
console.log(`ordinary  ${String(ordinary.length).padStart(4)} sentences, ${alarms.length} false alarms`)
for (const { text, after } of alarms) console.log(`  false alarm: ${show(text)} → ${show(after)}`)

function show(text: string): string {
  return text.replaceAll('\n', '\\n')
}
