import { z } from 'zod'
import { type About, about, type FaultyPart } from './about.ts'
import { closest } from './closest.ts'
import { showFound } from './show-found.ts'

/**
 * A setting that is a list of tables, `[[forward.rules]]` in the file, each with a `name` of its own. Each key of the shape
 * is registered with what it expects. A fault names the table, by its name or else its number, and the key.
 */
export const namedTables = <Shape extends z.ZodRawShape & { readonly name: z.ZodType<string> }>(
  shape: Shape,
  words: Pick<About, 'description' | 'expects'>,
) => {
  const tables = z.array(z.strictObject(shape)).max(MOST_TABLES)
  const faultsIn = (value: unknown): FaultyPart[] => {
    if (!Array.isArray(value)) return [{ at: '', expected: words.expects, found: showFound('', value) }]
    if (value.length > MOST_TABLES) return [{ at: '', expected: `at most ${MOST_TABLES}`, found: `${value.length}` }]
    return value.flatMap((table, index) =>
      faultsOf(table, shape, value.slice(0, index)).map(part => atTable(part, table, index)),
    )
  }
  const unique = tables.refine(all => new Set(all.map(table => fold(nameOf(table)))).size === all.length)
  return unique.prefault([]).register(about, { ...words, faultsIn })
}

const MOST_TABLES = 200

const faultsOf = (table: unknown, shape: z.ZodRawShape, earlier: readonly unknown[]): FaultyPart[] => {
  if (!isTable(table)) return [{ at: '', expected: 'a table', found: showFound('', table) }]
  const unknown = Object.keys(table).filter(key => !(key in shape))
  const isTaken = earlier.some(other => fold(nameOf(other)) === fold(nameOf(table)) && nameOf(table) !== undefined)
  return [
    ...Object.entries(shape).flatMap(([key, schema]): FaultyPart[] => {
      if ((schema as z.ZodType).safeParse(table[key]).success) return []
      const { expects = 'another value', foundIn } = aboutPart.get(schema as z.ZodType) ?? {}
      const found = key in table ? (foundIn?.(table[key]) ?? showFound(key, table[key])) : 'none'
      return [{ at: `.${key}`, expected: expects, found }]
    }),
    ...(isTaken ? [{ at: '.name', expected: 'a name that no other has', found: showFound('', nameOf(table)) }] : []),
    ...unknown.map((key): FaultyPart => {
      const meant = closest(key, Object.keys(shape))
      return {
        at: `.${key}`,
        expected: meant ? `a known key (did you mean ${meant}?)` : 'a known key',
        found: 'an unknown one',
      }
    }),
  ]
}

/** What the key of a table expects; and what was found, where more can be said than its value. */
export const aboutPart = z.registry<{
  readonly expects: string
  readonly foundIn?: (value: unknown) => string | undefined
}>()

const atTable = (part: FaultyPart, table: unknown, index: number): FaultyPart => ({
  ...part,
  at: `${nameOf(table) === undefined ? `[${index + 1}]` : `.${nameOf(table)}`}${part.at}`,
})

const nameOf = (table: unknown): string | undefined => {
  const name = isTable(table) ? table['name'] : undefined
  return typeof name === 'string' && name.trim() !== '' ? name.trim().slice(0, 40) : undefined
}

const fold = (name: string | undefined): string => name?.trim().toLowerCase() ?? ''

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
