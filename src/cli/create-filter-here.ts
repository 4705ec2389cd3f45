import { createFilter, type Filter } from '../agent/core/filter.ts'
import { compilePattern } from '../agent/matching/compile-pattern.ts'
import { createNormaliser } from '../agent/matching/normalise-address.ts'
import type { Config } from '../config/config.ts'

/** The filter that the agent would have with these settings. */
export const createFilterHere = ({ forward, people, country }: Config): Filter =>
  createFilter({ ...forward, people }, { normalise: createNormaliser(country), compilePattern })
