import type { ScoreKind } from './kind.js'
import { findKind } from './kinds.js'
import { parseOptions } from './options.js'

/** A score that is wanted, as a line of text names it: `kmers:k=15`. */
export type ScoreSpec = {
  readonly kind: ScoreKind
  readonly name: string
  /** What is said of its options. */
  readonly options: Readonly<Record<string, string>>
}

/**
 * Reads a spec: `KIND` or `KIND:OPTION=VALUE,OPTION=VALUE`. The option `name`, which every kind has, is the score's name;
 * without it that is made of the kind and the values that are given: `kmers15`, `mlr7-2`.
 * @throws RangeError when it is none, of an unknown kind, or with options that the kind does not have or values that they
 * do not take, or when the name has other than letters, digits, `.`, `_` and `-`.
 */
export function parseSpec(text: string): ScoreSpec {
  const colon = text.indexOf(':')
  const kindName = colon < 0 ? text : text.slice(0, colon)
  const kind = findKind(kindName)
  const assignments = colon < 0 ? [] : text.slice(colon + 1).split(',')
  const pairs = assignments.map(assignment => {
    const [, option, value] = /^(\w+)=(.+)$/.exec(assignment) ?? []
    if (option === undefined)
      throw new RangeError(`score '${text}': '${assignment}' is not OPTION=VALUE, as in kmers:k=15`)
    return [option, value] as const
  })
  const { name, ...options } = Object.fromEntries(pairs)
  if (Object.keys(options).length + Number(name !== undefined) < pairs.length)
    throw new RangeError(`score '${text}': an option is given twice`)
  parseOptions(`score '${text}'`, kind.options, options)
  const wanted = name ?? `${kindName}${Object.values(options).join('-')}`.replace(/[^\w.-]/g, '-')
  if (!/^[\w.-]+$/.test(wanted))
    throw new RangeError(`score '${text}': the name '${wanted}' may have letters, digits, . _ and -`)
  return { kind, name: wanted, options }
}

/**
 * Checks a list of specs that are to be fitted together; `others`: names of scores that there are already.
 * @throws RangeError for two scores of one name, or one that is computed from a score which does not come before it.
 */
export function checkSpecs(specs: readonly ScoreSpec[], others: readonly string[] = []): void {
  const before = new Set<string>(others)
  for (const { kind, name, options } of specs) {
    if (before.has(name))
      throw new RangeError(`two scores are called ${name}; give one another name (name=…)`)
    if (kind.fittedOn === 'scores')
      for (const component of kind.components(name, options))
        if (!before.has(component))
          throw new RangeError(
            `${name}: is computed from '${component}', which does not come before it; there are ${[...before].join(', ') || 'none'}`,
          )
    before.add(name)
  }
}
