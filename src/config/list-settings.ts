import { z } from 'zod'
import { type About, about } from './about.ts'
import type { settingsFor } from './settings.ts'

/** One leaf of the schema. */
export type Setting = About & {
  /** `send.timeout` */
  readonly key: string
  /** `EDGE_SEND_TIMEOUT`; undefined for what only the file can hold. */
  readonly variable: string | undefined
  readonly schema: z.ZodType
}

/** The settings in the order of the schema. */
export const listSettings = (settings: ReturnType<typeof settingsFor>): readonly Setting[] =>
  leavesOf(settings.shape, [])

const leavesOf = (shape: Readonly<Record<string, z.ZodType>>, table: readonly string[]): Setting[] =>
  Object.entries(shape).flatMap(([name, schema]) => {
    const path = [...table, name]
    if (schema instanceof z.ZodObject) return leavesOf(schema.shape, path)
    const words = about.get(schema)
    if (!words) throw new Error(`the setting ${path.join('.')} has no description`)
    const variable = words.faultsIn ? undefined : `EDGE_${path.join('_').toUpperCase()}`
    return { ...words, key: path.join('.'), variable, schema }
  })
