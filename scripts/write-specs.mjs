// Writes the documents of the protocol that machines read. A test sees to it that they are in step with the code.
import { writeFileSync } from 'node:fs'
import { DOCUMENTS } from '../src/lab/protocol-documents/documents.ts'

for (const [name, render] of DOCUMENTS) writeFileSync(new URL(`../docs/${name}`, import.meta.url), render())
