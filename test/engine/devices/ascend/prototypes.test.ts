import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'tape'
import * as bridge from '../../../../engine/devices/ascend/prototypes.js'
import { sharedPath, testShared } from '../../../shared.js'
import {
  type Declaration,
  differences,
  headerCheck,
  headerOf,
  machineType,
  parsePrototype,
  readDeclarations,
  toolkitHeaders,
} from './declarations.js'
import { hasCompiler } from './stub.js'

/** All prototypes that the bridge binds functions by: whatever its module exports that looks like one. */
const prototypes: readonly string[] = [
  ...(Object.values(bridge) as unknown[])
    .flat()
    .filter((value): value is string => typeof value === 'string' && /^[\w *]+\w\(.*\)$/s.test(value)),
  ...(Object.keys(bridge.operators) as bridge.OperatorName[]).flatMap(name =>
    Object.values(bridge.operatorPrototypes(name)),
  ),
]

const declarations = readDeclarations()
const noCompiler = hasCompiler() ? '' : ' (skipped: no C compiler; install gcc or clang as cc)'

/** The headers of an installed toolkit, or undefined. */
function toolkitInclude(): string | undefined {
  const homes = [process.env.ASCEND_HOME_PATH, process.env.ASCEND_TOOLKIT_HOME]
  return homes
    .flatMap(home => (home ? [join(home, 'include')] : []))
    .find(folder => existsSync(join(folder, 'acl')))
}

/** What the compiler says of prototypes against the headers below `include`; empty if it says nothing. */
function compile(checked: readonly string[], include: string): string {
  const headers = new Set(checked.flatMap(p => declared(p)).map(headerOf))
  const file = join(mkdtempSync(join(tmpdir(), 'xenograd-headers-')), 'check.c')
  writeFileSync(file, headerCheck(checked, declarations, [...headers]))
  const flags = [
    '-std=gnu11',
    '-fsyntax-only',
    '-Dconst=',
    '-Wno-builtin-declaration-mismatch',
    `-I${include}`,
  ]
  const { status, stderr } = spawnSync('cc', [...flags, file], { encoding: 'utf8' })
  return status ? stderr : ''
}

const declared = (prototype: string): Declaration[] =>
  declarations.filter(({ name }) => name === parsePrototype(prototype).name)

test("the bridge's prototypes are CANN's declarations, type by type", t => {
  t.ok(prototypes.length >= 95, `${prototypes.length} prototypes`)
  t.deepEqual(differences(prototypes, declarations), [])
  t.end()
})

test('differences are found and named', t => {
  const swapped =
    'aclTensor *aclCreateTensor(const int64_t *dims, uint64_t rank, int dtype, const int64_t *strides, int format, int64_t offset, const int64_t *storage, uint64_t storageRank, void *data)'
  const source = 'hicann/opbase@aa3cd74 include/nnopbase/aclnn/acl_meta.h'
  t.deepEqual(differences([swapped], declarations), [
    `aclCreateTensor, parameter 5: int, not int64_t (${source})`,
    `aclCreateTensor, parameter 6: int64_t, not int (${source})`,
  ])
  t.deepEqual(differences(['int aclFinalize(int now)'], declarations), [
    'aclFinalize has 1 parameters, not 0 (hicann/runtime@681ef76 include/external/acl/acl_rt.h)',
  ])
  t.match(
    differences(['void aclrtFree(void *address)'], declarations)[0],
    /^aclrtFree, result: void, not int \(/,
  )
  t.deepEqual(differences(['int aclrtGuess(void)'], declarations), [
    'aclrtGuess is not in the table of declarations; add it with its source',
  ])
  t.deepEqual(differences(['int aclrtFree(const void *address)'], declarations), [], 'const is no difference')
  t.end()
})

testShared('the table here is the one that was extracted from the headers', t => {
  const here = new Map(declarations.map(d => [d.name, d]))
  const there = readDeclarations(sharedPath('data/cann/prototypes.tsv'))
  t.ok(there.length >= 145)
  for (const declaration of there)
    if (JSON.stringify(here.get(declaration.name)) !== JSON.stringify(declaration))
      t.deepEqual(here.get(declaration.name), declaration, declaration.name)
  t.end()
})

const include = toolkitInclude()
test(`the bridge's prototypes compile against the headers of the CANN toolkit${
  include ? noCompiler : ' (skipped: install the CANN toolkit, and source its set_env.sh)'
}`, { skip: !include || noCompiler !== '' }, t => {
  const isThere = (prototype: string): boolean =>
    declared(prototype).some(d => existsSync(join(include!, headerOf(d))))
  const [present, absent] = [prototypes.filter(isThere), prototypes.filter(p => !isThere(p))]
  t.comment(`${present.length} compared; not in this toolkit: ${absent.map(p => parsePrototype(p).name)}`)
  t.equal(compile(present, include!), '')
  t.end()
})

test(`the same with headers as a toolkit has them, right and wrong${noCompiler}`, {
  skip: noCompiler !== '',
}, t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-toolkit-'))
  for (const [file, text] of toolkitHeaders(declarations)) {
    mkdirSync(join(folder, dirname(file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  t.equal(compile(prototypes, folder), '', 'all compile')
  const wrong: [right: RegExp, wrong: string, name: string][] = [
    [/int64_t offset, int format/, 'int format, int64_t offset', 'aclCreateTensor'],
    [/int8_t cubeMathType/, 'int64_t cubeMathType', 'aclnnMatmulGetWorkspaceSize'],
    [/size_t bytes, int policy/, 'uint32_t bytes, int policy', 'aclrtMalloc'],
    [/uint64_t numWeights/, 'int numWeights', 'aclnnEmbeddingDenseBackwardGetWorkspaceSize'],
  ]
  for (const [right, replacement, name] of wrong) {
    const prototype = prototypes.find(p => parsePrototype(p).name === name)!
    t.match(prototype, right)
    t.match(
      compile([prototype.replace(right, replacement)], folder),
      new RegExp(`conflicting types for.*${name}`),
    )
  }
  t.end()
})

test('types as the machine sees them', t => {
  t.equal(machineType('const aclTensor *'), 'aclTensor*')
  t.equal(machineType('const aclDataType'), 'int')
  t.equal(machineType('aclrtStreamStatus*'), 'int*')
  t.equal(machineType('aclrtStream*'), 'void**')
  t.deepEqual(parsePrototype('const char *aclGetRecentErrMsg(void)'), {
    name: 'aclGetRecentErrMsg',
    returns: 'const char*',
    parameters: [],
    source: '',
  })
  t.end()
})
