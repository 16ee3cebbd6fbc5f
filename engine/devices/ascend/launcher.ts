import { contiguousStrides } from '../../kernel/shape.js'
import type { Acl } from './acl.js'
import { AscendError, refusedOperands } from './errors.js'
import { type Memory, Scratch } from './memory.js'
import { aclDtype, formatND } from './prototypes.js'
import {
  type Attribute,
  blockBytes,
  type Call,
  elementBytes,
  isRef,
  printCall,
  type Ref,
} from './sequence.js'
import { storageOf } from './storage.js'

/** How many bytes behind the start of a block an address lies. (Of large numbers, bits are faster than a remainder.) */
export const inBlock = (address: number): number => address & (blockBytes - 1)

/** The last start of a block up to an address. */
const blockStart = (address: number): number => address - inBlock(address)

type AttributeHandle = { readonly handle: bigint; readonly kind: 'Scalar' | 'IntArray' }

/** A planned call: the library's objects, and the addresses that they are bound to. */
export type Executor = {
  readonly handle: bigint
  /** Whether it is there for several launches; else the first one takes the handle with it, whether it fails or not. */
  isRepeatable: boolean
  isLaunched: boolean
  readonly workspace: number
  readonly tensors: readonly bigint[]
  readonly attributes: readonly AttributeHandle[]
  /** Of the tensors' memory, rounded down to a block. */
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

  /** `keep`: whether executors are kept; without, each call is planned anew. */
  constructor(
    readonly acl: Acl,
    memory: Memory,
    readonly keep: boolean,
  ) {
    this.#workspace = new Scratch(memory)
    this.#probe = memory.alloc(blockBytes).address
  }

  /** Where the workspace lies that all calls share. */
  get workspaceAddress(): number {
    return this.#workspace.address
  }

  /** Phase one alone, to see whether the library takes a call. @throws AscendError when it refuses it. */
  tryPlan(call: Call): void {
    const refs = call.operands.filter(isRef)
    const executor = this.plan(
      call,
      refs.map(() => this.#probe),
      refs.map(() => Infinity),
    )
    // The library keeps others than repeatable ones for itself, too.
    this.acl.meta.aclSetAclOpExecutorRepeatable(executor.handle)
    this.destroy(executor)
  }

  /**
   * Phase one. `addresses`: of the tensors' memory; `ends`: of the buffers that it lies in.
   * @throws AscendError when the library refuses the call.
   */
  plan(call: Call, addresses: readonly number[], ends: readonly number[]): Executor {
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
          const i = tensors.length
          const tensor = checked(this.#tensor(operand, addresses[i], ends[i]))
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
        isRepeatable: false,
        isLaunched: false,
        workspace: Number(size[0]),
        tensors,
        attributes,
        addresses: addresses.map(blockStart),
      }
      this.#executors.add(executor)
      return executor
    } catch (error) {
      this.#destroyOperands(tensors, attributes)
      throw error
    }
  }

  /** An aclTensor, or 0. It begins at a block, from where an offset leads to its first element. */
  #tensor(ref: Ref, address: number, end: number): unknown {
    const start = blockStart(address)
    const bytes = elementBytes(ref.dtype)
    const offset = ref.offset + (address - start) / bytes
    const rank = ref.shape.length
    const storage = storageOf(ref, offset)
    const elements = start + storage.wanted * bytes <= end ? storage.wanted : storage.least
    return this.acl.meta.aclCreateTensor(
      int64(ref.shape),
      rank,
      aclDtype[ref.dtype],
      int64(ref.strides.map((s, d) => (ref.shape[d] === 1 ? contiguousStrides(ref.shape)[d] : s))),
      offset,
      formatND,
      int64([elements]),
      1,
      start,
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
  makeRepeatable(executor: Executor): boolean {
    executor.isRepeatable = this.keep && this.acl.meta.aclSetAclOpExecutorRepeatable(executor.handle) === 0
    return executor.isRepeatable
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
  enqueue(call: Call, executor: Executor): void {
    const { handle, workspace } = executor
    const address = this.#workspace.take(workspace)
    this.acl.checkAlive()
    executor.isLaunched = true
    this.acl.launch(call.operator, address, workspace, handle)
  }

  /** Destroy a plan, and only then the tensors that it points to. */
  destroy(executor: Executor): void {
    if (!this.#executors.delete(executor)) return
    const isGone = executor.isLaunched && !executor.isRepeatable
    if (!isGone) this.acl.meta.aclDestroyAclOpExecutor(executor.handle)
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
    for (const executor of [...this.#executors]) this.destroy(executor)
  }
}

const int64 = (values: readonly number[]): BigInt64Array => BigInt64Array.from(values, BigInt)

/**
 * Gives back what `resources` hold, in their order, once nothing enqueued uses it any more; a card that was lost has nothing
 * to wait for.
 * @throws AscendError when something enqueued has failed; all is given back then, too.
 */
export function closeWhenIdle(acl: Acl, ...resources: readonly { close(): void }[]): void {
  try {
    if (!acl.isLost) acl.synchronise()
  } finally {
    for (const resource of resources) resource.close()
  }
}
