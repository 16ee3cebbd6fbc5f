import { sizeOf } from '../../kernel/shape.js'
import type { CheckLine } from '../device.js'
import { acceptedError, matmulMode } from './chip.js'
import { AscendError } from './errors.js'
import type { Launcher } from './launcher.js'
import { addressOf, endOf, type Memory } from './memory.js'
import { type OperatorSample, operatorSamples, productSamples, type SampleMemory } from './operatorSamples.js'
import { precisions } from './options.js'
import { PreparedCall } from './preparedCall.js'
import { type AclDtype, type OperatorName, operators } from './prototypes.js'
import { type Attribute, type Operand, whole } from './sequence.js'

/** How often each is enqueued for its time, after as many times that do not count. */
const repeats = 100

/** Beside the relative one: what CANN accepts near zero (see `acceptedError`). */
const acceptedNearZero = 2 ** -16

/**
 * Every operator that the device uses, by itself: its largest error, relative to 1 or to the result if that is larger (of
 * sums: to what the absolute values of the terms add up to), and the time of one of many in a row, in microseconds.
 */
export async function* checkOperators(launcher: Launcher, memory: Memory): AsyncGenerator<CheckLine> {
  for (const operator of Object.keys(operators) as OperatorName[])
    if (!isProduct(operator))
      yield await checkOperator(
        launcher,
        memory,
        operator,
        operator,
        operatorSamples[operator],
        acceptedError,
      )
    else
      for (const precision of precisions) {
        const label = `${operator} ${precision}`
        try {
          const { cubeMathType, eps } = matmulMode(launcher.acl.soc, precision)
          const sample = productSamples[operator](cubeMathType)
          yield await checkOperator(launcher, memory, operator, label, sample, eps)
        } catch (error) {
          if (!(error instanceof RangeError)) throw error
          yield line('SKIP', label, error.message)
        }
      }
}

const isProduct = (operator: OperatorName): operator is keyof typeof productSamples =>
  operator in productSamples

const line = (verdict: CheckLine['verdict'], label: string, found: string): CheckLine => ({
  verdict,
  what: 'operator',
  found: `${label.padEnd(22)} ${found}`,
})

const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

const isMemory = (operand: SampleMemory | Attribute): operand is SampleMemory =>
  typeof operand === 'object' && 'shape' in operand

/** The line of one operator. `eps`: the error that is accepted of it. */
async function checkOperator(
  launcher: Launcher,
  memory: Memory,
  operator: OperatorName,
  label: string,
  sample: OperatorSample,
  eps: number,
): Promise<CheckLine> {
  const { acl } = launcher
  if (!acl.operator(operator)) return line('SKIP', label, 'this version of CANN does not have it')
  const tensors = sample.operands.filter(isMemory)
  const buffers = tensors.map(({ dtype, shape, values }) => {
    const buffer = memory.alloc(sizeOf(shape) * arrays[dtype].BYTES_PER_ELEMENT)
    if (values) memory.write(buffer.address, arrays[dtype].from(values))
    return buffer
  })
  let index = 0
  const operands = sample.operands.map(
    (operand): Operand =>
      isMemory(operand) ? whole({ kind: 'argument', index: index++ }, operand.dtype, operand.shape) : operand,
  )
  const call = new PreparedCall(launcher, { operator, operands })
  const run = () => call.run(buffers.map(addressOf), buffers.map(endOf))
  try {
    const result = tensors.findIndex(({ values }) => !values)
    const microseconds = timeOf(run, () => acl.synchronise())
    const { address, bytes } = buffers[result]
    const actual = new arrays[tensors[result].dtype](await memory.read(address, bytes))
    const { error, isAccepted } = compare(actual, sample, tensors[result].dtype, eps)
    const found = `largest error ${error.toExponential(1).padStart(7)}  ${microseconds.toFixed(1).padStart(8)} µs`
    return line(isAccepted ? 'PASS' : 'FAIL', label, found)
  } catch (error) {
    if (!(error instanceof AscendError) || !error.isRefusal) throw error
    return line('SKIP', label, `refused: ${error.summary}`)
  } finally {
    call.release()
    for (const buffer of buffers) memory.free(buffer)
  }
}

/** Microseconds of one of many in a row. `wait`: until all that were enqueued are done. */
function timeOf(run: () => void, wait: () => void): number {
  let start = 0
  for (let i = -repeats; i < repeats; i++) {
    if (i === 0) {
      wait()
      start = performance.now()
    }
    run()
  }
  wait()
  return ((performance.now() - start) * 1000) / repeats
}

/** The largest relative error of a result, and whether all errors are accepted; integers and truth must be the same. */
function compare(
  actual: ArrayLike<number>,
  { expected, magnitude }: OperatorSample,
  dtype: AclDtype,
  eps: number,
): { error: number; isAccepted: boolean } {
  let [error, isAccepted] = [0, true]
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i])
    const scale = Math.max(Math.abs(expected[i]), magnitude?.[i] ?? 0)
    const accepted = dtype === 'float32' ? acceptedNearZero + eps * scale : 0
    // NaN is within nothing.
    if (!(difference <= accepted)) isAccepted = false
    error = Math.max(error, Number.isNaN(difference) ? Infinity : difference / Math.max(1, scale))
  }
  return { error, isAccepted }
}
