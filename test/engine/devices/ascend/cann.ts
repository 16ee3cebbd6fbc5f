import type { CFunction } from '../../../../engine/devices/ascend/library.js'
import { contiguousStrides, sizeOf } from '../../../../engine/kernel/shape.js'
import { bindStub, type Layout } from './stub.js'

/** How a tensor lies in a buffer; without any, it is all of it. In elements. */
export type Placement = { strides?: readonly number[]; offset?: number; storage?: number; dtype?: number }

const float32 = 0
const formatND = 2
const [toDevice, toHost] = [1, 2]

/** The stub called as a C program would, without the bridge: every method is one of CANN's calls or a few. */
export class Cann {
  readonly #bound: (name: string) => CFunction
  /** Of executors that need one; they live as long as the card is open. */
  readonly #workspaces = new Map<bigint, { address: bigint; bytes: bigint }>()
  readonly #addresses: bigint[] = []
  stream = 0n

  private constructor(bound: (name: string) => CFunction) {
    this.#bound = bound
  }

  static async load(folder: string, layout: Layout = 'whole'): Promise<Cann> {
    return new Cann(await bindStub(folder, layout))
  }

  /** Any function; its return code or what else it returns. */
  call(name: string, ...args: readonly unknown[]): unknown {
    return this.#bound(name)(...args)
  }

  /** @throws Error for a code other than 0. */
  must(name: string, ...args: readonly unknown[]): void {
    const code = this.call(name, ...args)
    if (code !== 0) throw new Error(`${name}: ${code} ${this.call('aclGetRecentErrMsg')}`)
  }

  /** A function that returns an address through its first parameter, or through the one at `place`. */
  out(name: string, args: readonly unknown[] = [], place = 0): bigint {
    const out = new BigUint64Array(1)
    this.must(name, ...args.slice(0, place), out, ...args.slice(place))
    return out[0]
  }

  /** From aclInit to a stream. */
  open(): void {
    this.must('aclInit', null)
    this.must('aclrtSetDevice', 0)
    this.stream = this.out('aclrtCreateStream')
  }

  close(): void {
    this.must('aclrtDestroyStream', this.stream)
    this.free(...this.#addresses.splice(0))
    this.must('aclrtResetDevice', 0)
    this.must('aclFinalize')
  }

  buffer(values: Float32Array | Int32Array): bigint {
    const address = this.out('aclrtMalloc', [values.byteLength, 0])
    this.must('aclrtMemcpy', address, values.byteLength, values, values.byteLength, toDevice)
    return address
  }

  read(address: bigint, count: number): number[] {
    const values = new Float32Array(count)
    this.must('aclrtMemcpy', values, values.byteLength, address, values.byteLength, toHost)
    return [...values]
  }

  tensor(
    address: bigint,
    shape: readonly number[],
    { strides = contiguousStrides(shape), offset = 0, storage, dtype = float32 }: Placement = {},
  ): bigint {
    const [dims, steps] = [shape, strides].map(int64)
    const bytes = int64([storage ?? offset + sizeOf(shape)])
    const rank = shape.length
    const call = [dims, rank, dtype, steps, offset, formatND, bytes, 1, address]
    return this.call('aclCreateTensor', ...call) as bigint
  }

  scalar(value: number): bigint {
    return this.call('aclCreateScalar', Float32Array.of(value), float32) as bigint
  }

  ints(values: readonly number[]): bigint {
    return this.call('aclCreateIntArray', int64(values), values.length) as bigint
  }

  /** Phase one: the executor. @throws Error when it is refused. */
  plan(operator: string, ...operands: readonly unknown[]): bigint {
    const [size, executor] = [new BigUint64Array(1), new BigUint64Array(1)]
    this.must(`aclnn${operator}GetWorkspaceSize`, ...operands, size, executor)
    this.#workspaces.delete(executor[0])
    if (size[0]) {
      const address = this.out('aclrtMalloc', [size[0], 0])
      this.#workspaces.set(executor[0], { address, bytes: size[0] })
      this.#addresses.push(address)
    }
    return executor[0]
  }

  /** Phase two: the return code. */
  launch(operator: string, executor: bigint): number {
    const { address, bytes } = this.#workspaces.get(executor) ?? { address: null, bytes: 0n }
    return this.call(`aclnn${operator}`, address, bytes, executor, this.stream) as number
  }

  /** Both phases, and the end of it. @throws Error when one fails. */
  run(operator: string, ...operands: readonly unknown[]): void {
    const code = this.launch(operator, this.plan(operator, ...operands))
    if (code) throw new Error(`aclnn${operator}: ${code}`)
    this.must('aclrtSynchronizeStream', this.stream)
  }

  /** Whether the stream is done; the return code first. */
  query(): [code: number, isBusy: number] {
    const status = Int32Array.of(-1)
    return [this.call('aclrtStreamQuery', this.stream, status) as number, status[0]]
  }

  free(...buffers: readonly bigint[]): void {
    for (const buffer of buffers) this.must('aclrtFree', buffer)
  }

  destroy(...tensors: readonly bigint[]): void {
    for (const tensor of tensors) this.must('aclDestroyTensor', tensor)
  }
}

export const int64 = (values: readonly number[]): BigInt64Array => BigInt64Array.from(values, BigInt)

/** The environment of a stub, as stub.h has it; what was set before is cleared. */
export function setUpStub(folder: string, settings: Readonly<Record<string, string>> = {}): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('ASCEND_STUB')) delete process.env[name]
  Object.assign(process.env, { ASCEND_STUB: folder }, settings)
}
