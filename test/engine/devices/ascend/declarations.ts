import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A function of CANN as its public headers declare it. Types are C's, without the parameters' names. */
export type Declaration = {
  readonly name: string
  readonly returns: string
  readonly parameters: readonly string[]
  /** Repository, commit and file, e.g. `hicann/opbase@aa3cd74 include/nnopbase/aclnn/acl_meta.h`. */
  readonly source: string
}

// Seen from dist/test/engine/devices/ascend: the compiler of TypeScript leaves the table where it is.
const table = fileURLToPath(
  new URL('../../../../../test/engine/devices/ascend/declarations.tsv', import.meta.url),
)

/** Read a table of declarations, with or without names of parameters; by default the one beside this file. */
export function readDeclarations(path = table): Declaration[] {
  const [, ...rows] = readFileSync(path, 'utf8').trimEnd().split('\n')
  return rows.map(row => {
    const [name, returns, parameters, commit, file] = row.split('\t')
    const types = parameters.split(';').flatMap(p => (p.trim() ? [typeOf(p)] : []))
    return { name, returns: tidy(returns), parameters: types, source: `${commit} ${file}` }
  })
}

/** `int aclrtMalloc(void **pointer, size_t bytes, int policy)`, as a table has it. */
export function parsePrototype(prototype: string): Declaration {
  const [, returns, name, parameters] = /^(.*?)(\w+)\((.*)\)$/s.exec(prototype)!
  const types = parameters === 'void' || !parameters ? [] : parameters.split(',').map(typeOf)
  return { name, returns: tidy(returns), parameters: types, source: '' }
}

const tidy = (type: string): string =>
  type
    .replace(/\s*\*\s*/g, '*')
    .replace(/\s+/g, ' ')
    .trim()

const builtin = /^(void|bool|char|float|double|int|size_t|u?int\d+_t)$/

/** The type of `const void *from`; of a type alone, itself. */
function typeOf(parameter: string): string {
  const type = tidy(parameter)
  const [, before, word] = /^(.*[\s*])(\w+)$/.exec(type) ?? ['', '', '']
  return word && before.trim() !== 'const' && !builtin.test(word) ? tidy(before) : type
}

/** Types that only the libraries look into. */
const opaque = ['aclTensor', 'aclScalar', 'aclIntArray', 'aclOpExecutor']
/** Structures that the caller has memory for: to an FFI bytes at an address. */
const structures = ['aclCANNPackageVersion', 'aclrtUtilizationInfo', 'HcclRootInfo']
/** Types that are addresses. All other types of CANN's are enumerations. */
const addresses = ['aclrtStream', 'aclrtEvent', 'aclmdlRI', 'HcclComm']
const isEnumeration = (word: string): boolean =>
  /^(acl|Hccl)/.test(word) && ![...opaque, ...structures, ...addresses].includes(word)

function inMachine(word: string): string {
  if (structures.includes(word)) return 'void'
  if (addresses.includes(word)) return 'void*'
  return isEnumeration(word) ? 'int' : word
}

/** A type as the machine sees it: enumerations are ints, handles addresses, and `const` is nothing. */
export const machineType = (type: string): string =>
  tidy(type.replace(/\bconst\b/g, '').replace(/\w+/g, word => inMachine(word)))

/** Where prototypes differ from what is declared, in words; empty if nowhere. */
export function differences(prototypes: readonly string[], declarations: readonly Declaration[]): string[] {
  const byName = new Map(declarations.map(d => [d.name, d]))
  return prototypes.map(parsePrototype).flatMap(ours => {
    const theirs = byName.get(ours.name)
    if (!theirs) return [`${ours.name} is not in the table of declarations; add it with its source`]
    const places = ['result', ...theirs.parameters.map((_, i) => `parameter ${i + 1}`)]
    const [mine, real] = [ours, theirs].map(d => [d.returns, ...d.parameters].map(machineType))
    if (mine.length !== real.length)
      return [`${ours.name} has ${mine.length - 1} parameters, not ${real.length - 1} (${theirs.source})`]
    return real.flatMap((type, i) =>
      type === mine[i] ? [] : [`${ours.name}, ${places[i]}: ${mine[i]}, not ${type} (${theirs.source})`],
    )
  })
}

const prologue = ['#include <stdbool.h>', '#include <stddef.h>', '#include <stdint.h>']

const declare = ({ returns, name, parameters }: Declaration): string =>
  `${returns} ${name}(${parameters.join(', ') || 'void'});`

/** Declarations as a C header; `enumeration`: how one is written. */
function header(declarations: readonly Declaration[], enumeration: (name: string) => string): string {
  const words = new Set(
    declarations.flatMap(d => [d.returns, ...d.parameters].flatMap(t => t.match(/\w+/g) ?? [])),
  )
  return [
    '#pragma once',
    ...prologue,
    ...[...opaque, ...structures]
      .filter(type => words.has(type))
      .map(type => `typedef struct ${type} ${type};`),
    ...addresses.filter(type => words.has(type)).map(type => `typedef void *${type};`),
    ...[...words].filter(isEnumeration).map(enumeration),
    ...declarations.map(declare),
    '',
  ].join('\n')
}

/** The header that the stub is compiled against. */
export const stubHeader = (): string => header(readDeclarations(), name => `typedef int ${name};`)

/** Where a toolkit has the header of a function, below its `include`. */
export function headerOf({ source }: Declaration): string {
  const file = basename(source)
  if (file.startsWith('aclnn_')) return `aclnnop/${file}`
  return file === 'acl_meta.h'
    ? 'aclnn/acl_meta.h'
    : source.includes('hicann/runtime')
      ? 'acl/acl.h'
      : `hccl/${file}`
}

/** Headers as a toolkit has them, by their path below `include`, for the test of the test. */
export function toolkitHeaders(declarations: readonly Declaration[]): Map<string, string> {
  const status = ['aclError', 'aclnnStatus', 'HcclResult']
  const enumeration = (name: string): string =>
    status.includes(name) ? `typedef int ${name};` : `typedef enum { NONE_OF_${name} } ${name};`
  const types = header(declarations, enumeration).replace(/^.*\);$\n/gm, '')
  const files = new Map([['types.h', types]])
  for (const d of declarations) {
    const file = headerOf(d)
    files.set(file, `${files.get(file) ?? '#pragma once\n#include "types.h"\n'}${declare(d)}\n`)
  }
  return files
}

/**
 * A C file that compiles only if the headers of a toolkit declare functions as the prototypes do. The prototypes say int
 * where the headers have an enumeration, which the compiler tells apart; there the enumeration's name is put. Compile it
 * with `-Dconst=`: `const` changes nothing between us and the library.
 */
export function headerCheck(
  prototypes: readonly string[],
  declarations: readonly Declaration[],
  headers: readonly string[],
): string {
  const byName = new Map(declarations.map(d => [d.name, d]))
  const checks = prototypes.map(parsePrototype).map(ours => {
    const theirs = byName.get(ours.name)
    const named = (type: string, real: string | undefined): string =>
      real && machineType(type) === machineType(real) ? real : type
    return declare({
      ...ours,
      returns: named(ours.returns, theirs?.returns),
      parameters: ours.parameters.map((type, i) => named(type, theirs?.parameters[i])),
    })
  })
  return [...prologue, ...headers.map(file => `#include "${file}"`), ...checks, ''].join('\n')
}
