import test from 'tape'
import { AscendError } from '../../../../engine/devices/ascend/errors.js'
import { type Ffi, Libraries, searchFolders } from '../../../../engine/devices/ascend/library.js'
import {
  declaredName,
  header,
  metaPrototypes,
  operatorPrototypes,
  runtimePrototypes,
} from '../../../../engine/devices/ascend/prototypes.js'
import { selfCheck } from '../../../../engine/devices/ascend/selfCheck.js'
import { DeviceUnavailableError } from '../../../../engine/index.js'

/** Libraries by path, each with the functions that it has. */
function fakeFfi(libraries: Record<string, readonly string[]>): Ffi & { loaded: string[] } {
  const loaded: string[] = []
  return {
    loaded,
    load(path) {
      const functions = libraries[path]
      if (!functions) throw new Error(`cannot open ${path}\nand more`)
      loaded.push(path)
      return {
        func(prototype) {
          if (!functions.includes(declaredName(prototype))) throw new Error('no such function')
          return () => path
        },
      }
    },
    view: () => new ArrayBuffer(0),
  }
}

test('where libraries are looked for', t => {
  t.deepEqual(searchFolders({}), [''], 'the loader knows')
  t.deepEqual(searchFolders({ ASCEND_HOME_PATH: '/a', ASCEND_TOOLKIT_HOME: '/b' }), [
    '/a/lib64',
    '/b/lib64',
    '',
  ])
  t.deepEqual(searchFolders({ ASCEND_HOME_PATH: '/a', ASCEND_TOOLKIT_HOME: '/a' }), ['/a/lib64', ''])
  t.deepEqual(
    searchFolders({ ASCEND_HOME_PATH: '/a', ASCEND_STUB: '/stub' }),
    ['/stub'],
    'the stub, and only it',
  )
  t.end()
})

test('the first place that has a library, and the libraries in order', t => {
  const ffi = fakeFfi({
    'libascendcl.so': ['aclInit'],
    '/a/lib64/libnnopbase.so': [],
    'libnnopbase.so': [],
    '/a/lib64/libopapi_math.so': ['aclnnAdd', 'aclnnAddGetWorkspaceSize', 'aclnnMul'],
    'libopapi_nn.so': ['aclnnMatmul', 'aclnnMatmulGetWorkspaceSize'],
  })
  const libraries = new Libraries(ffi, { ASCEND_HOME_PATH: '/a' })
  t.deepEqual(ffi.loaded, [
    'libascendcl.so',
    '/a/lib64/libnnopbase.so',
    '/a/lib64/libopapi_math.so',
    'libopapi_nn.so',
  ])
  t.equal(libraries.required(runtimePrototypes[0])(), 'libascendcl.so')
  t.equal(libraries.operator('Matmul')?.launch(), 'libopapi_nn.so', 'a symbol is looked for in all of them')
  t.equal(libraries.operator('Mul'), undefined, 'one phase is not enough')
  libraries.checkComplete()
  t.throws(
    () => libraries.required(metaPrototypes[0]),
    /device 'ascend' is not available: the libraries have no function aclCreateTensor; this version of CANN is too old/,
  )
  t.end()
})

test('the library of all operators, and never beside the split ones', t => {
  const base = { 'libascendcl.so': [], 'libnnopbase.so': [], 'libopapi.so': [], 'libaclnn_math.so': [] }
  const loaded = (more: Record<string, string[]>) => {
    const ffi = fakeFfi({ ...base, ...more })
    const libraries = new Libraries(ffi, {})
    libraries.checkComplete()
    return { files: ffi.loaded, results: libraries.results }
  }
  t.deepEqual(loaded({}).files, Object.keys(base), 'what versions before the split have')
  const split = loaded({ 'libopapi_nn.so': [], 'libopapi_math.so': [] })
  t.deepEqual(split.files, ['libascendcl.so', 'libnnopbase.so', 'libopapi_math.so', 'libopapi_nn.so'])
  t.deepEqual(split.results.get('libopapi.so'), { reason: 'not loaded beside libopapi_math.so' })
  t.deepEqual(split.results.get('libacl_rt.so'), { reason: 'not loaded beside libascendcl.so' })

  const later = fakeFfi({ 'libacl_rt.so': [], 'libnnopbase.so': [], 'libopapi_math.so': [] })
  new Libraries(later, {}).checkComplete()
  t.deepEqual(later.loaded[0], 'libacl_rt.so', 'the runtime of versions without libascendcl.so')
  t.end()
})

test('a missing library is named', t => {
  const environment = { ASCEND_HOME_PATH: '/a' }
  const open = (libraries: Record<string, string[]>) => () =>
    new Libraries(fakeFfi(libraries), environment).checkComplete()
  const named = (name: string) =>
    new RegExp(`${name}\\.so cannot be loaded from /a/lib64, LD_LIBRARY_PATH; install .*set_env\\.sh`)
  t.throws(open({}), named('libascendcl'))
  t.throws(open({ 'libascendcl.so': [] }), named('libnnopbase'))
  t.throws(open({ 'libascendcl.so': [], 'libnnopbase.so': [] }), named('libopapi_math'))
  t.throws(open({}), DeviceUnavailableError)
  t.end()
})

test('the self-check: what is wrong with the environment, and that nothing further works', async t => {
  const lines: string[] = []
  const environment = { ASCEND_HOME_PATH: '/nowhere', LD_LIBRARY_PATH: '/a:/cann/runtime/lib64/stub' }
  for await (const { verdict, what, found } of selfCheck({}, environment))
    lines.push(`${verdict} ${what}: ${found}`)
  t.match(lines[0], /^FAIL ASCEND_HOME_PATH: \/nowhere does not exist; `source <cann>\/set_env.sh` before/)
  t.match(lines[1], /^FAIL ASCEND_OPP_PATH: not set; `source/)
  t.match(
    lines[2],
    /^FAIL LD_LIBRARY_PATH: \/cann\/runtime\/lib64\/stub holds libraries for linking only; take it out/,
  )
  t.match(
    lines.at(-1)!,
    /^FAIL (koffi|libraries): device 'ascend' is not available: .*; (npm install koffi|install the CANN)/,
  )
})

test('errors say what was called, what the code means, and what the library says', t => {
  const add = 'aclnnAdd(float32[2], int32[2])'
  const refused = new AscendError(161002, add, 'EZ1001: dtype\n  not implemented ')
  t.equal(
    refused.message,
    `ascend: ${add}: error 161002, the chip does not take these shapes or dtypes [EZ1001: dtype not implemented]`,
  )
  t.ok(refused.isRefusal && !refused.isLoss)
  t.match(
    new AscendError(561107, 'x', null).message,
    /error 561107, ASCEND_OPP_PATH is not set; `source <cann>/,
  )
  t.match(
    new AscendError(123, 'x', '').message,
    /error 123, see the list of aclError codes in the CANN documentation$/,
  )
  for (const code of [507010, 507015, 507899]) t.ok(new AscendError(code, 'x', null).isLoss, `${code}`)
  for (const code of [207001, 361001, 507010]) t.notOk(new AscendError(code, 'x', null).isRefusal, `${code}`)
  t.end()
})

test('prototypes', t => {
  t.equal(
    operatorPrototypes('Neg').plan,
    'int aclnnNegGetWorkspaceSize(const aclTensor *self, aclTensor *out, uint64_t *workspaceSize, aclOpExecutor **executor)',
  )
  t.match(header(), /typedef struct aclTensor aclTensor;.*int aclInit\(const char \*configPath\);/s)
  t.end()
})
