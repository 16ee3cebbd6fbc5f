import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { command, inThisProcess, scratch, shell, tinyModel, xenograd } from './support.js'

/** A device of a file with an option of its own, and what it says of itself. */
function deviceFile(name = 'patient'): string {
  const path = join(scratch(), `${name}.js`)
  const engine = new URL('../../engine/index.js', import.meta.url)
  writeFileSync(
    path,
    `import { option, registerDevice } from '${engine}'
import { referenceDevice } from '${new URL('../../engine/devices/reference/index.js', import.meta.url)}'
const options = { speed: option.wholeNumber(1, { meaning: 'how fast', otherwise: '1' }) }
const open = ({ speed = 1 }) => 
  Object.defineProperty(referenceDevice(), 'description', { value: 'at speed ' + speed })
registerDevice('${name}', open, { options })
`,
  )
  return path
}

test('flags of another device, and values that an option does not take, are usage errors', async t => {
  const file = deviceFile()
  const onWasm = ['check', '--device', 'wasm']
  const cases: [args: string[], message: RegExp][] = [
    [
      ['check', '--device', 'reference', '--threads', '2'],
      /--threads 2: a flag of the device wasm, but reference is to compute; leave it out, or use --device wasm/,
    ],
    [
      ['score', '-m', 'x', '--gpu-allow-cpu'],
      /--gpu-allow-cpu: a flag of the device gpu, but wasm is to compute; leave it out, or use --device gpu/,
    ],
    [
      ['evaluate', '-m', 'x', '--in', 'a', '--ood', 'b', '--device', file, '-j', '1'],
      /--threads 1: a flag of the device wasm, but patient is to compute/,
    ],
    [
      [...onWasm, '--threads', '0'],
      /--threads <n>' argument '0' is invalid\. Give a whole number, 1 or more/,
    ],
    [[...onWasm, '--blas='], /argument '' is invalid\. Give off, auto, on, or the path of a library/],
    [
      [...onWasm, '--device-option', 'speed=1'],
      /--device-option speed=1: the device wasm has no option 'speed'; it has threads, vectors, memory64, blas$/m,
    ],
    [
      ['train', '--device', 'reference', '--device-option', 'toString=1'],
      /--device-option toString=1: the device reference has no option 'toString'; it has none/,
    ],
    [
      ['check', '--device', deviceFile('slow'), '--device_option', 'speed=0'],
      /--device-option speed=0: give a whole number, 1 or more/,
    ],
    [
      ['check', '--device', 'ascend', '--device-option=keepExecutors=perhaps'],
      /--device-option keepExecutors=perhaps: give true or false/,
    ],
    [[...onWasm, '--device-option', 'threads'], /argument 'threads' is invalid\. Give name=value/],
    [
      [...onWasm, '-j', '2', '--device-option', 'threads=2'],
      /--device-option threads=2: 'threads' is given twice; give it once/,
    ],
    [
      ['check', '--device-option', 'threads=2'],
      /--device-option threads=2: several devices are to compute; name the one that it is for with --device/,
    ],
  ]
  for (const [args, message] of cases) {
    const { code, stderr } = await inThisProcess(args)
    t.equal(code, 2, args.join(' '))
    t.match(stderr, message)
    t.match(stderr, /^xenograd: .*\n$/, 'one line')
  }
})

test('--device-option reaches the device, also one from a file', async t => {
  const [own, wasm] = await Promise.all([
    xenograd(['check', '--device', deviceFile(), '--device-option', 'speed=7']),
    xenograd(['check', '--device', 'wasm', '--device-option', 'threads=1', '--device-option', 'blas=off']),
  ])
  t.equal(own.code, 0, own.stderr)
  t.match(own.stdout, /^PASS {2}patient +opens +at speed 7\n/)
  t.match(wasm.stdout, /^PASS {2}wasm +opens .* 1 thread, .*BLAS off\n/)
})

test('the environment gives what no flag says, and overrides what the command line takes by itself', async t => {
  const run = (environment: string, ...args: string[]) =>
    shell(`${environment} ${command} check ${args.join(' ')}`)
  const [environment, flag, wrong] = await Promise.all([
    run('XENOGRAD_THREADS=1 XENOGRAD_BLAS=off XENOGRAD_VECTORS=128', '--device', 'wasm'),
    run('XENOGRAD_THREADS=1 XENOGRAD_BLAS=/nowhere', '--device', 'wasm', '--threads', '2', '--blas', 'off'),
    run('XENOGRAD_THREADS=many', '--device', 'wasm'),
  ])
  t.match(environment.stdout, /opens +WebAssembly SIMD, 128-bit vectors, 1 thread, .*BLAS off\n/)
  t.match(flag.stdout, /opens .* 2 threads, .*BLAS off\n/, 'flags come first')
  t.equal(wrong.code, 1)
  t.match(wrong.stdout, /^FAIL {2}wasm +opens +XENOGRAD_THREADS=many: give a whole number, 1 or more/)
})

test('check without --device: every device takes the flags that are its own', async t => {
  const { code, stdout } = await xenograd(['check', '-j', '1', '--blas', 'off', '--ascend-card', '1'])
  t.equal(code, 0, stdout)
  t.match(stdout, /^PASS {2}wasm +opens .* 1 thread, .*BLAS off$/m)
  t.match(stdout, /^PASS {2}reference +opens /m)
})

test('info and convert open no device: what devices are told does not matter to them', async t => {
  const model = await tinyModel(scratch())
  const environment = 'XENOGRAD_THREADS=many XENOGRAD_VECTORS=none'
  const info = await shell(`${environment} ${command} info '${model}'`)
  t.equal(info.code, 0, info.stderr)
  t.match(info.stdout, /^updates\t0$/m)
  const converted = await shell(`${environment} ${command} convert '${model}' '${join(scratch(), 'm.ckpt')}'`)
  t.equal(converted.code, 0, converted.stderr)
})
