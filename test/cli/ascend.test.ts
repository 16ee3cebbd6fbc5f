import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import test, { type Test } from 'tape'
import { loadModel } from '../../model/index.js'
import { buildStub, noStub } from '../engine/devices/ascend/stub.js'
import { testShared } from '../shared.js'
import { scoreReference, trainFifty, trainingReads, worstLoss } from './onDevice.js'
import { inThisProcess, scratch, tinyModel, xenograd } from './support.js'

const missing = await noStub()
const folder = missing ? '' : buildStub()

/** The stub for child processes, set up as `settings` say (see stub.h); all other settings are cleared. */
function useStub(settings: Record<string, string> = {}): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('ASCEND_STUB')) delete process.env[name]
  Object.assign(process.env, { ASCEND_STUB: folder }, settings)
}

const optionOf = (option: string): string[] => ['--device-option', option]

/** A test that needs the stub. */
const withStub = (name: string, body: (t: Test) => Promise<void>, define: typeof test = test): void => {
  if (missing) test(`${name} (${missing})`, { skip: true }, () => {})
  else define(name, body)
}

withStub(
  "score --device ascend: the reference's likelihoods of its test reads",
  async t => {
    useStub()
    const { code, stdout, stderr, worst } = await scoreReference(['--device', 'ascend'])
    t.equal(code, 0, stderr)
    t.ok(worst < 1e-6, `float32: largest difference ${worst.toExponential(2)} nats per base`)
    const enqueued = await scoreReference(['--device', 'ascend', ...optionOf('capture=off')])
    t.equal(enqueued.stdout, stdout, 'the same whether what is repeated is captured or not')
    const half = await scoreReference(['--device', 'ascend', ...optionOf('precision=fp16')])
    t.ok(half.worst < 1e-3, `fp16 products: ${half.worst.toExponential(2)}`)
    useStub({ ASCEND_STUB_SOC: 'Ascend910A' })
    const rounded = await scoreReference(['--device', 'ascend'])
    t.ok(rounded.worst < 1e-3, `fp16 operands: ${rounded.worst.toExponential(2)}`)
  },
  testShared as typeof test,
)

const trainOnStub = async () => {
  useStub()
  const reads = await trainingReads()
  return { reads, ascend: await trainFifty(reads, ['--device=ascend']) }
}
let trained: ReturnType<typeof trainOnStub> | undefined

/** A training on the stub without a failure, which several tests compare with. */
function trainedOnStub(): ReturnType<typeof trainOnStub> {
  trained ??= trainOnStub()
  return trained
}

withStub('train --device ascend: the same masks and mutations as wasm, the same losses', async t => {
  const { reads, ascend } = await trainedOnStub()
  const wasm = await trainFifty(reads, ['--device=wasm'])
  t.equal(ascend.code, 0, ascend.stderr)
  t.match(ascend.stderr, /device ascend: Ascend stub posing as Ascend910B4, float32 matmul, deterministic/)
  t.ok(wasm.losses[49] < wasm.losses[0], 'it learns')
  const worst = worstLoss(wasm.losses, ascend.losses)
  t.ok(worst < 1e-4, `50 steps, largest relative difference ${worst.toExponential(1)}`)
  const enqueued = await trainFifty(reads, ['--device=ascend', ...optionOf('capture=off')])
  t.deepEqual(enqueued.losses, ascend.losses, 'the same whether steps are captured or not')
  const half = await trainFifty(reads, [
    '--device=ascend',
    ...optionOf('precision=fp16'),
    '--loss_scale=1024',
  ])
  const worstHalf = worstLoss(wasm.losses, half.losses)
  t.ok(worstHalf < 1e-2, `fp16 products, with a loss scale: ${worstHalf.toExponential(1)}`)

  useStub({ ASCEND_STUB_SOC: 'Ascend910A' })
  const rounded = await trainFifty(reads, ['--device=ascend', '--loss_scale=1024'])
  t.match(rounded.stderr, /posing as Ascend910A, float32 matmul with operands rounded to fp16/)
  const loose = worstLoss(wasm.losses, rounded.losses)
  t.ok(loose < 1e-2, `fp16 operands, with a loss scale: ${loose.toExponential(1)}`)
})

withStub('a card that fails in a training: a clear error, and the last checkpoint is good', async t => {
  const { reads, ascend: whole } = await trainedOnStub()
  const bytes = (run: string, step: number) => readFile(join(run, 'model', `model_${step}.safetensors`))
  const cases: [fail: string, message: RegExp, ...options: string[]][] = [
    ['device:30000', /^xenograd: .*error 507010, the card has stopped answering.*\[lost heartbeat in \w+\]/m],
    [
      'kernel:30000',
      /^xenograd: .*error 507015, a kernel failed on an AI core \[\w+: injected exception in a core\]/m,
    ],
    ['aclmdlRIExecuteAsync:15', /^xenograd: .*aclmdlRIExecuteAsync: error \d+, /m],
    [
      'launch:30000',
      /^xenograd: .*aclnn\w+: error 361001, .*\[\w+: injected failure of phase two\]/m,
      ...optionOf('capture=off'),
    ],
  ]
  for (const [fail, message, ...options] of cases) {
    useStub({ ASCEND_STUB_FAIL: fail })
    const { code, stderr, run, losses } = await trainFifty(reads, ['--device=ascend', ...options])
    t.equal(code, 1, `${fail}: after ${losses.length} steps`)
    t.match(stderr, message)
    const models = (await readdir(join(run, 'model'))).filter(name => /^model_\d+\.safetensors$/.test(name))
    t.equal(models.length, 1, `${models} is left`)
    const [step] = models.map(name => Number(/\d+/.exec(name)))
    t.ok(
      (await bytes(run, step)).equals(await bytes(whole.run, step)),
      'with the bits of the run that did not fail',
    )
    await loadModel(join(run, 'model', models[0]))
    useStub()
    const resumed = await trainFifty(reads, ['--device=ascend'], dirname(run))
    t.equal(resumed.code, 0, 'goes on from it')
    t.ok((await bytes(run, 49)).equals(await bytes(whole.run, 49)), 'and ends with the same bits')
  }
})

withStub('failures before the first step', async t => {
  const reads = await trainingReads()
  const cases: [settings: Record<string, string>, message: RegExp][] = [
    [
      { ASCEND_STUB_MEMORY: '200000' },
      /error 207001, out of device memory; take a smaller batch.*asked for \d+ bytes, free are .* GiB of .* GiB|asked for \d+ bytes, free are .* error 207001, out of device memory; take a smaller batch/,
    ],
    [
      { ASCEND_STUB_REFUSE: 'Tanh' },
      /no aclnn operators for 'tanh' on Ascend910B4 \(aclnnTanh: error 561003, there is no kernel; install the CANN kernels package for this chip\)/,
    ],
    [
      { ASCEND_STUB_SOC: 'Ascend310B1' },
      /Ascend310B1 has hardly any of the operators; use another card, or wasm/,
    ],
    [{ XENOGRAD_ASCEND_DEVICE: '1' }, /card 1 cannot be opened: .*error 107001, .*npu-smi/],
    [{ XENOGRAD_ASCEND_PRECISION: 'fp8' }, /XENOGRAD_ASCEND_PRECISION=fp8: give one of fp32, hf32, fp16/],
    [
      { XENOGRAD_ASCEND_PRECISION: 'fp32', ASCEND_STUB_SOC: 'Ascend910A' },
      /precision fp32 on Ascend910A: its matrix unit takes fp16 only; give fp16/,
    ],
  ]
  for (const [settings, message] of cases) {
    useStub(settings)
    const { code, stderr } = await xenograd([
      ...['train', '--device=ascend', `--out_dir=${scratch()}`, `--in_tr_data_dir=${reads}`],
      ...[
        '--in_val_data_dir=',
        '--ood_val_data_dir=',
        '--num_steps=2',
        '--hidden_lstm_size=12',
        '--seq_len=30',
      ],
    ])
    for (const name of Object.keys(settings)) delete process.env[name]
    t.equal(code, 1, JSON.stringify(settings))
    t.match(stderr, message)
  }
})

test('--device ascend without CANN: one line that says what is missing, and an exit code', async t => {
  for (const name of Object.keys(process.env)) if (name.startsWith('ASCEND')) delete process.env[name]
  process.env.ASCEND_HOME_PATH = '/nowhere'
  const model = await tinyModel(scratch())
  const { code, stdout, stderr } = await xenograd(['score', '--device', 'ascend', '-m', model])
  delete process.env.ASCEND_HOME_PATH
  t.equal(code, 1)
  t.equal(stdout, '')
  t.equal(stderr.trimEnd().split('\n').length, 1)
  const reason = missing?.includes('koffi')
    ? /device 'ascend' is not available: the package koffi cannot be loaded .*; npm install koffi/
    : /device 'ascend' is not available: libascendcl\.so cannot be loaded from \/nowhere\/lib64, LD_LIBRARY_PATH; install the CANN toolkit/
  t.match(stderr, reason)
})

withStub('check --device ascend: a line for each part', async t => {
  useStub()
  const { code, stdout } = await xenograd(['check', '--device', 'ascend'])
  t.equal(code, 0, stdout)
  const lines = stdout.trimEnd().split('\n')
  for (const line of lines) t.match(line, /^(PASS|SKIP) {2}ascend +\S/)
  for (const part of [
    'environment',
    'koffi',
    'libascendcl.so',
    'runtime',
    'operators',
    'card',
    'memory',
    'add',
    'graphs',
    'random bits',
  ])
    t.ok(
      lines.some(line => line.slice(17).startsWith(part)),
      part,
    )
  const rows = lines.filter(line => line.slice(17).startsWith('operator '))
  t.equal(rows.length, 41, 'every operator, and products in three precisions')
  for (const row of rows)
    t.match(row, /^PASS {2}ascend +operator +\w+( \w+)? +largest error +\d\.\de[-+]\d+ +\d+\.\d µs$/)
  useStub({ ASCEND_STUB_SOC: 'Ascend910A', ASCEND_STUB_REFUSE: 'Tanh' })
  const less = (await xenograd(['check', '--device', 'ascend'])).stdout
  t.match(less, /SKIP {2}ascend +operator +Tanh +refused: error 561003, there is no kernel/)
  t.match(less, /SKIP {2}ascend +operator +Matmul fp32 +.*its matrix unit takes fp16 only/)
  t.match(less, /PASS {2}ascend +operator +Matmul fp16 +largest error/)
  useStub({ ASCEND_STUB_REFUSE: 'Add' })
  const broken = await xenograd(['check', '--device', 'ascend'])
  t.equal(broken.code, 1)
  t.match(broken.stdout, /FAIL {2}ascend +computation .*no aclnn operators for 'add' on Ascend910B4/)
})

withStub('--ascend-card, --ascend-precision and --device-option reach the device', async t => {
  useStub()
  const [rounded, replanned, absent] = await Promise.all([
    xenograd(['check', '--device', 'ascend', '--ascend-card', '0', '--ascend_precision=hf32']),
    xenograd(['check', '--device', 'ascend', '--device-option', 'keepExecutors=false']),
    xenograd(['check', '--device', 'ascend', '--ascend-card', '1']),
  ])
  t.equal(rounded.code, 0, rounded.stdout)
  t.match(rounded.stdout, /opens .*float32 matmul with operands rounded to HF32/)
  t.equal(replanned.code, 0, replanned.stdout)
  t.equal(absent.code, 1)
  t.match(absent.stdout, /FAIL {2}ascend +opens .*card 1 cannot be opened: .*npu-smi/)
})

test('--ascend-card and --ascend-precision: what makes no sense is an error', async t => {
  const cases: [args: string[], message: RegExp][] = [
    [
      ['score', '-m', 'x', '--device', 'reference', '--ascend-card', '1'],
      /--ascend-card 1: a flag of the device ascend, but reference is to compute; leave it out, or use --device ascend/,
    ],
    [
      ['train', '--ascend-precision', 'fp16'],
      /--ascend-precision fp16: a flag of the device ascend, but wasm is to compute; leave it out, or use/,
    ],
    [['check', '--ascend-precision', 'fp8'], /'fp8' is invalid\. Give one of fp32, hf32, fp16/],
    [['check', '--ascend-card', '-1'], /'-1' is invalid\. Give a whole number, 0 or more/],
  ]
  for (const [args, message] of cases) {
    const { code, stderr } = await inThisProcess(args)
    t.equal(code, 2, args.join(' '))
    t.match(stderr, message)
  }
})
