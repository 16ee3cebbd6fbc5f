import { contiguousStrides, extentOf } from '../../kernel/shape.js'
import type { Acl } from './acl.js'
import { AscendError, refusedOperands } from './errors.js'
import { type Memory, Scratch } from './memory.js'
import { aclDtype, formatND } from './prototypes.js'
import {
  type Attribute,
  type Call,
  elementBytes,
  isRef,
  outputPosition,
  printCall,
  type Ref,
} from './sequence.js'

/** Tensors begin at multiples of this many bytes; what does not is reached by an offset. */
const alignment = 32

/** The last multiple of the alignment up to an address. */
const alignedDown = (address: number): number => address - (address % alignment)

type AttributeHandle = { readonly handle: bigint; readonly kind: 'Scalar' | 'IntArray' }

/** A planned call: the library's objects, and the addresses that they are bound to. */
type Executor = {
  readonly handle: bigint
  readonly workspace: number
  readonly tensors: readonly bigint[]
  readonly attributes: readonly AttributeHandle[]
  /** Of the tensors' memory, rounded down to the alignment. */
  readonly addresses: number[]
}

/**
 * Runs operators. Planning an operator (phase one: checks, tiling) costs the host many times what enqueueing it does,
 * so a call keeps its executor and moves it to other memory by setting addresses (`aclSetInputTensorAddr`). What the
 * library does not let be used again is planned anew each time.
 */
export class Launcher {
  readonly #executors = new Set<Executor>()
  readonly #workspace: Scratch
  /** Memory that stands for any in `tryPlan`. */
  readonly #probe: number

  /** `keep`: whether executors are kept; without, each call is planned anew, for measurements. */
  constructor(
    readonly acl: Acl,
    memory: Memory,
    readonly keep: boolean,
  ) {
    this.#workspace = new Scratch(memory)
    this.#probe = memory.alloc(alignment).address
  }

  /** Phase one alone, to see whether the library takes a call. @throws AscendError when it refuses it. */
  tryPlan(call: Call): void {
    const executor = this.plan(
      call,
      call.operands.filter(isRef).map(() => this.#probe),
    )
    // The library has only repeatable executors destroyed by others.
    this.acl.meta.aclSetAclOpExecutorRepeatable(executor.handle)
    this.destroy(executor, true)
  }

  /** A call that can be enqueued again and again. */
  prepare(call: Call): PreparedCall {
    return new PreparedCall(this, call)
  }

  /** Phase one. `addresses`: of the tensors' memory. @throws AscendError when the library refuses the call. */
  plan(call: Call, addresses: readonly number[]): Executor {
    this.acl.checkAlive()
    const tensors: bigint[] = []
    const attributes: AttributeHandle[] = []
    const checked = (handle: unknown): bigint => {
      if (handle) return handle as bigint
      throw new AscendError(refusedOperands, printCall(call), this.acl.recentMessage())
    }
    try {
      const operands = call.operands.map(operand => {
        if (isRef(operand)) {
          const tensor = checked(this.#tensor(operand, addresses[tensors.length]))
          tensors.push(tensor)
          return tensor
        }
        if (typeof operand !== 'object') return operand
        const kind = 'scalar' in operand ? 'Scalar' : 'IntArray'
        const handle = checked(this.#attribute(operand))
        attributes.push({ handle, kind })
        return handle
      })
      const [size, handle] = [new BigUint64Array(1), new BigUint64Array(1)]
      const { plan } = this.acl.operator(call.operator)!
      this.acl.check(plan(...operands, size, handle), () => printCall(call))
      const executor = {
        handle: handle[0],
        workspace: Number(size[0]),
        tensors,
        attributes,
        addresses: addresses.map(alignedDown),
      }
      this.#executors.add(executor)
      return executor
    } catch (error) {
      this.#destroyOperands(tensors, attributes)
      throw error
    }
  }

  /** An aclTensor, or 0. It begins at an aligned address, from where an offset leads to its first element. */
  #tensor(ref: Ref, address: number): unknown {
    const misplaced = address % alignment
    const offset = ref.offset + misplaced / elementBytes(ref.dtype)
    const rank = ref.shape.length
    return this.acl.meta.aclCreateTensor(
      int64(ref.shape),
      rank,
      aclDtype[ref.dtype],
      int64(ref.strides.map((s, d) => (ref.shape[d] === 1 ? contiguousStrides(ref.shape)[d] : s))),
      offset,
      formatND,
      int64([extentOf(ref.shape, { ...ref, offset }).end]),
      1,
      address - misplaced,
    )
  }

  /** An aclScalar or aclIntArray, or 0. */
  #attribute(attribute: Exclude<Attribute, number | bigint | boolean>): unknown {
    const { meta } = this.acl
    if ('ints' in attribute) return meta.aclCreateIntArray(int64(attribute.ints), attribute.ints.length)
    const array = attribute.dtype === 'int32' ? new Int32Array(1) : new Float32Array(1)
    array[0] = attribute.scalar
    return meta.aclCreateScalar(array, aclDtype[attribute.dtype])
  }

  /** Make an executor that can be used again; false when the library does not allow it for this operator. */
  makeRepeatable({ handle }: Executor): boolean {
    return this.keep && this.acl.meta.aclSetAclOpExecutorRepeatable(handle) === 0
  }

  /** Move a tensor of an executor to other memory. */
  rebind(call: Call, executor: Executor, position: number, isOutput: boolean, address: number): void {
    const { aclSetInputTensorAddr, aclSetOutputTensorAddr } = this.acl.meta
    const tensor = executor.tensors[position]
    // Inputs are numbered in the order of the operands; there is one output at most, after them.
    const code = isOutput
      ? aclSetOutputTensorAddr(executor.handle, 0, tensor, address)
      : aclSetInputTensorAddr(executor.handle, position, tensor, address)
    this.acl.check(code, () => `moving operand ${position} of ${printCall(call)}`)
    executor.addresses[position] = address
  }

  /** Phase two: enqueue. All calls share one workspace, as they run one after the other. */
  enqueue(call: Call, { handle, workspace }: Executor): void {
    this.acl.launch(call.operator, this.#workspace.take(workspace), workspace, handle)
  }

  /** Destroy a plan; without its handle if that went with a launch, as it does unless it was made repeatable. */
  destroy(executor: Executor, withHandle: boolean): void {
    if (!this.#executors.delete(executor)) return
    if (withHandle) this.acl.meta.aclDestroyAclOpExecutor(executor.handle)
    this.#destroyOperands(executor.tensors, executor.attributes)
  }

  #destroyOperands(tensors: Executor['tensors'], attributes: Executor['attributes']): void {
    const { meta } = this.acl
    for (const tensor of tensors) meta.aclDestroyTensor(tensor)
    for (const { handle, kind } of attributes)
      if (kind === 'Scalar') meta.aclDestroyScalar(handle)
      else meta.aclDestroyIntArray(handle)
  }

  close(): void {
    for (const executor of [...this.#executors]) this.destroy(executor, true)
  }
}

const int64 = (values: readonly number[]): BigInt64Array => BigInt64Array.from(values, BigInt)

/** A call with its executors: one for each way in which its tensors lie relative to the alignment. */
export class PreparedCall {
  /** By the misalignment of all addresses, as the digits of a number. */
  readonly #kept = new Map<number, Executor>()
  readonly #isOutput: readonly boolean[]
  #isRepeatable = true

  constructor(
    readonly launcher: Launcher,
    readonly call: Call,
  ) {
    const output = outputPosition(call.operator)
    this.#isOutput = call.operands.flatMap((operand, position) =>
      isRef(operand) ? [position === output] : [],
    )
  }

  /** Enqueue on the given memory: one address for each tensor. @throws AscendError when either phase fails. */
  run(addresses: readonly number[]): void {
    const { launcher, call } = this
    if (!this.#isRepeatable) {
      this.#runOnce(launcher.plan(call, addresses))
      return
    }
    let key = 0
    for (const address of addresses) key = key * alignment + (address % alignment)
    const kept = this.#kept.get(key)
    if (!kept) {
      const executor = launcher.plan(call, addresses)
      this.#isRepeatable = launcher.makeRepeatable(executor)
      if (!this.#isRepeatable) {
        this.#runOnce(executor)
        return
      }
      this.#kept.set(key, executor)
      launcher.enqueue(call, executor)
      return
    }
    for (let i = 0; i < addresses.length; i++) {
      const address = alignedDown(addresses[i])
      if (kept.addresses[i] !== address) launcher.rebind(call, kept, i, this.#isOutput[i], address)
    }
    launcher.enqueue(call, kept)
  }

  #runOnce(executor: Executor): void {
    let launched = false
    try {
      this.launcher.enqueue(this.call, executor)
      launched = true
    } finally {
      // Phase two takes the executor with it.
      this.launcher.destroy(executor, !launched)
    }
  }
}
