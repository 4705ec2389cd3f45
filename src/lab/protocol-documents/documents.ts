import { asyncApiDocument } from './asyncapi-document.ts'
import { openApiDocument } from './openapi-document.ts'

/** The documents by their file name, as text: so they lie in docs, and so the mock backend serves them. */
export const DOCUMENTS: ReadonlyMap<string, () => string> = new Map([
  ['openapi.json', () => render(openApiDocument())],
  ['asyncapi.json', () => render(asyncApiDocument())],
])

const render = (document: object): string => `${JSON.stringify(document, null, 2)}\n`
