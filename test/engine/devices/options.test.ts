import test from 'tape'
import { environmentVariables, withEnvironment } from '../../../engine/devices/environment.js'
import { type OptionValues, option, resolveOptions } from '../../../engine/devices/options.js'
import { deviceNames, deviceOptions } from '../../../engine/index.js'

const table = {
  threads: option.wholeNumber(1, { meaning: 'threads', otherwise: 'none', variable: 'XENOGRAD_THREADS' }),
  mode: option.oneOf(['fast', 'exact'], { meaning: 'which results', otherwise: 'none' }),
  library: option.text('a path', { meaning: 'a library', otherwise: 'none', variable: 'XENOGRAD_BLAS' }),
  loud: option.flag({ meaning: 'say more', otherwise: 'none', variable: 'XENOGRAD_GPU_ALLOW_CPU' }),
} as const

const resolve = (given: Record<string, string | number | boolean | undefined> = {}) =>
  withEnvironment({ XENOGRAD_THREADS: '', XENOGRAD_BLAS: '', XENOGRAD_GPU_ALLOW_CPU: '' }, () =>
    resolveOptions('mine', table, given),
  )

test('options are taken as they are, or as text', t => {
  const all = { threads: 2, mode: 'exact', library: 'lib.so', loud: true }
  t.deepEqual(resolve(all), all)
  t.deepEqual(resolve({ threads: '2', loud: '0' }), { threads: 2, loud: false })
  t.deepEqual(resolve({ loud: 'true' }), { loud: true })
  t.deepEqual(resolve(), {}, 'what is not given is left to the device')
  t.deepEqual(resolve({ threads: undefined }), {})
  t.end()
})

test('an option that a device does not know is refused, and the known ones are named', t => {
  t.throws(
    () => resolve({ thread: 2 }),
    /^RangeError: device 'mine' has no option 'thread'; there are threads, mode, library, loud$/,
  )
  t.throws(
    () => resolveOptions('bare', {}, { colour: 'red' }),
    /device 'bare' has no option 'colour'; it takes none/,
  )
  t.throws(() => resolve({ toString: 1 }), /no option 'toString'/, 'nor what every object has')
  t.end()
})

test('a value that an option does not take is refused, with those that it takes', t => {
  for (const threads of [0, 1.5, -1, '1e3', 'two', '', Number.NaN])
    t.throws(
      () => resolve({ threads }),
      /^RangeError: device 'mine': threads .*; give a whole number, 1 or more$/,
      `${threads}`,
    )
  t.throws(() => resolve({ mode: 'slow' }), /device 'mine': mode slow; give one of fast, exact/)
  t.throws(() => resolve({ library: '' }), /device 'mine': library ; give a path/)
  t.throws(() => resolve({ library: 3 }), /device 'mine': library 3; give a path/)
  t.throws(() => resolve({ loud: 'yes' }), /device 'mine': loud yes; give true or false/)
  t.end()
})

test('what is given goes before the environment, that before nothing', t => {
  const set = { XENOGRAD_THREADS: '3', XENOGRAD_BLAS: 'lib.so', XENOGRAD_GPU_ALLOW_CPU: '1' }
  const within = (given = {}) => withEnvironment(set, () => resolveOptions('mine', table, given))
  t.deepEqual(within(), { threads: 3, library: 'lib.so', loud: true })
  t.deepEqual(within({ threads: 5, loud: false }), { threads: 5, library: 'lib.so', loud: false })
  t.throws(
    () => withEnvironment({ XENOGRAD_THREADS: 'many' }, () => resolveOptions('mine', table)),
    /^RangeError: XENOGRAD_THREADS=many: give a whole number, 1 or more$/,
    'a wrong one is named',
  )
  t.doesNotThrow(
    () => withEnvironment({ XENOGRAD_THREADS: 'many' }, () => resolveOptions('mine', table, { threads: 1 })),
    'unless it does not matter',
  )
  t.end()
})

test('every option of the shipped devices says what it means, and no two devices share a variable', t => {
  const variables: string[] = []
  for (const name of deviceNames())
    for (const { meaning, values, variable } of Object.values(deviceOptions(name))) {
      t.ok(meaning.length > 10 && values, `${name}: ${meaning}`)
      if (variable) variables.push(variable)
    }
  t.equal(new Set(variables).size, variables.length)
  t.ok(variables.every(variable => variable in environmentVariables))
  t.end()
})

// The compiler knows the values of a table's options; this file would not build if it did not.
type Mine = OptionValues<typeof table>
export const right: Mine = { threads: 2, mode: 'fast', loud: true }
// @ts-expect-error a word for a number
export const word: Mine = { threads: 'two' }
// @ts-expect-error no such choice
export const choice: Mine = { mode: 'slow' }
// @ts-expect-error no such option
export const unknown: Mine = { colour: 'red' }
