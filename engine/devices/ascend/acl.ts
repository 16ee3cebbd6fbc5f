import { type Bound, bind } from './bind.js'
import { AscendError, outOfMemory } from './errors.js'
import type { CFunction, Ffi, Libraries } from './library.js'
import { checkOneCard, enterAcl, leaveAcl } from './process.js'
import {
  captureMode,
  deterministicOption,
  hbm,
  hugePagesFirst,
  memcpyKind,
  metaPrototypes,
  type OperatorName,
  optionalPrototypes,
  overflowStatusBytes,
  packageNames,
  runtimePrototypes,
  saturationMode,
} from './prototypes.js'

/** Milliseconds after which waiting is given up: more than CANN itself gives an operator before it takes it for hung. */
const longestWait = 30 * 60_000

/** Bytes of aclCANNPackageVersion (hicann/runtime `docs/zh/api_ref/25-04_Structs.md`), the first 128 of them the whole version. */
const packageVersionBytes = 512

/**
 * One card through the Ascend C API: from aclInit to a stream, and every call checked. All calls come from one thread
 * (a context belongs to a thread), and kernels run in the order in which they are enqueued on the one stream.
 */
export class Acl {
  readonly soc: string
  /** Sums run in one order, so results repeat bit for bit; older versions of CANN cannot be asked for it. */
  readonly deterministic: boolean
  readonly #runtime: Bound<typeof runtimePrototypes>
  /** Those that this version of CANN has. */
  readonly #optional: Partial<Bound<typeof optionalPrototypes>>
  readonly meta: Bound<typeof metaPrototypes>
  readonly #stream: number
  #lost: AscendError | undefined

  /**
   * @throws DeviceUnavailableError for a missing function.
   * @throws AscendError when there is no such card.
   */
  constructor(
    readonly ffi: Ffi,
    readonly libraries: Libraries,
    readonly device: number,
  ) {
    this.#runtime = bind(runtimePrototypes, prototype => libraries.required(prototype))
    this.#optional = bind(optionalPrototypes, prototype => libraries.optional(prototype))
    this.meta = bind(metaPrototypes, prototype => libraries.required(prototype))
    const runtime = this.#runtime
    this.check(
      enterAcl(() => runtime.aclInit(null), device),
      'aclInit',
    )
    let isSet = false
    try {
      checkOneCard(device, this.deviceCount())
      this.check(runtime.aclrtSetDevice(device), `aclrtSetDevice(${device})`)
      isSet = true
      this.deterministic = this.#optional.aclrtCtxSetSysParamOpt?.(deterministicOption, 1) === 0
      this.soc = String(runtime.aclrtGetSocName())
      this.#stream = this.#pointer(out => runtime.aclrtCreateStream(out), 'aclrtCreateStream')
    } catch (error) {
      if (isSet) runtime.aclrtResetDevice(device)
      leaveAcl(() => runtime.aclFinalize(), device)
      throw error
    }
  }

  /**
   * Does nothing for a `code` of 0. A lost device stays lost: later calls throw the same error.
   * @throws AscendError that says `what` was called.
   */
  check(code: unknown, what: string | (() => string)): void {
    if (code === 0) return
    const words = typeof what === 'string' ? what : what()
    const error = new AscendError(Number(code), words, this.recentMessage())
    if (error.isLoss) this.#lost ??= error
    throw error
  }

  /** The library's own words on the last failure, if it has any: to be read at once. */
  recentMessage(): string | null {
    return this.#runtime.aclGetRecentErrMsg() as string | null
  }

  /** @throws AscendError when the device was lost before: what it holds is not to be trusted. */
  checkAlive(): void {
    if (this.#lost) throw this.#lost
  }

  get isLost(): boolean {
    return this.#lost !== undefined
  }

  /** What a function returns through its `out` parameter: an address or a handle. */
  #pointer(call: (out: BigUint64Array) => unknown, what: string): number {
    const out = new BigUint64Array(1)
    this.check(call(out), what)
    return Number(out[0])
  }

  /** How many cards this machine has. */
  deviceCount(): number {
    const count = new Uint32Array(1)
    this.check(this.#runtime.aclrtGetDeviceCount(count), 'aclrtGetDeviceCount')
    return count[0]
  }

  /** Free and total device memory, in bytes. */
  memory(): { free: number; total: number } {
    const [free, total] = [new BigUint64Array(1), new BigUint64Array(1)]
    this.check(this.#runtime.aclrtGetMemInfo(hbm, free, total), 'aclrtGetMemInfo')
    return { free: Number(free[0]), total: Number(total[0]) }
  }

  /** New device memory, or undefined when there is no more. */
  malloc(bytes: number): number | undefined {
    this.checkAlive()
    const out = new BigUint64Array(1)
    const code = this.#runtime.aclrtMalloc(out, bytes, hugePagesFirst)
    if (code === outOfMemory) return undefined
    this.check(code, `aclrtMalloc of ${bytes} bytes`)
    return Number(out[0])
  }

  /** Nothing enqueued may still use the memory: synchronise first. */
  free(address: number): void {
    this.#runtime.aclrtFree(address)
  }

  /** Page-locked host memory, which the card copies from and to by itself. */
  mallocHost(bytes: number): { address: number; bytes: Uint8Array } {
    this.checkAlive()
    const address = this.#pointer(
      out => this.#runtime.aclrtMallocHost(out, bytes),
      `aclrtMallocHost of ${bytes} bytes`,
    )
    return { address, bytes: new Uint8Array(this.ffi.view(address, bytes)) }
  }

  freeHost(address: number): void {
    this.#runtime.aclrtFreeHost(address)
  }

  /** Copy host memory to the device now; nothing enqueued may use the memory. */
  upload(to: number, data: ArrayBufferView): void {
    const { byteLength } = data
    const code = this.#runtime.aclrtMemcpy(to, byteLength, data, byteLength, memcpyKind.hostToDevice)
    this.check(code, `aclrtMemcpy of ${byteLength} bytes to the device`)
  }

  /** Copy device memory to the host now; what is to be read must be done. */
  download(data: ArrayBufferView, from: number): void {
    const { byteLength } = data
    const code = this.#runtime.aclrtMemcpy(data, byteLength, from, byteLength, memcpyKind.deviceToHost)
    this.check(code, `aclrtMemcpy of ${byteLength} bytes from the device`)
  }

  /** Enqueue a copy between device memory and page-locked host memory. */
  enqueueCopy(to: number, from: number, bytes: number, kind: keyof typeof memcpyKind): void {
    this.checkAlive()
    const code = this.#runtime.aclrtMemcpyAsync(to, bytes, from, bytes, memcpyKind[kind], this.#stream)
    this.check(code, `aclrtMemcpyAsync of ${bytes} bytes`)
  }

  /**
   * Whether all that was enqueued has ended, well or badly: after a kernel's exception the query knows only that the queue
   * is empty (hicann/runtime `src/runtime/core/src/stream/stream.cc`, Query). What it was tells `synchronise`.
   */
  isIdle(): boolean {
    this.checkAlive()
    const status = new Int32Array(1)
    this.check(this.#runtime.aclrtStreamQuery(this.#stream, status), 'waiting for kernels')
    return status[0] === 0
  }

  /**
   * Wait, with the thread blocked, until all that was enqueued is done.
   * @throws AscendError when some of it has failed, which the runtime reports once, or after half an hour.
   */
  synchronise(): void {
    this.checkAlive()
    const { aclrtSynchronizeStreamWithTimeout } = this.#optional
    const code = aclrtSynchronizeStreamWithTimeout
      ? aclrtSynchronizeStreamWithTimeout(this.#stream, longestWait)
      : this.#runtime.aclrtSynchronizeStream(this.#stream)
    this.check(code, 'waiting for kernels')
  }

  /** Whether floats saturate: infinity is the largest number and NaN is 0. Undefined where the runtime does not say. */
  saturates(): boolean | undefined {
    const mode = new Int32Array(1)
    if (this.#optional.aclrtGetDeviceSatMode?.(mode) !== 0) return undefined
    return mode[0] === saturationMode
  }

  /** Whether this version of CANN has graphs; of the chip, `capture` says it. */
  hasGraphs(): boolean {
    const { aclmdlRICaptureBegin, aclmdlRICaptureEnd, aclmdlRIExecuteAsync, aclmdlRIDestroy } = this.#optional
    return [aclmdlRICaptureBegin, aclmdlRICaptureEnd, aclmdlRIExecuteAsync, aclmdlRIDestroy].every(f => f)
  }

  /**
   * A graph of what `enqueue` enqueues, none of which runs. It may neither wait nor ask.
   * @throws AscendError where the chip has no graphs (207000), and when something has spoilt the capture; what `enqueue` throws.
   */
  capture(enqueue: () => void): bigint {
    this.checkAlive()
    this.check(this.#optional.aclmdlRICaptureBegin!(this.#stream, captureMode), 'aclmdlRICaptureBegin')
    const out = new BigUint64Array(1)
    const end = () => this.#optional.aclmdlRICaptureEnd!(this.#stream, out)
    try {
      enqueue()
      this.check(end(), 'aclmdlRICaptureEnd')
      return out[0]
    } catch (error) {
      // Whatever it was: nothing more is to be captured.
      end()
      if (out[0]) this.destroyGraph(out[0])
      throw error
    }
  }

  /** Enqueue all of a graph. */
  executeGraph(graph: bigint): void {
    this.checkAlive()
    this.check(this.#optional.aclmdlRIExecuteAsync!(graph, this.#stream), 'aclmdlRIExecuteAsync')
  }

  /** Nothing enqueued may still run it: synchronise first. */
  destroyGraph(graph: bigint): void {
    this.#optional.aclmdlRIDestroy!(graph)
  }

  /** Enqueue with a function of another library, which is given the stream. */
  enqueueOn(enqueue: (stream: number) => void): void {
    this.checkAlive()
    enqueue(this.#stream)
  }

  /** Have overflows noted from now on; false when this version of CANN does not do that. */
  watchOverflows(): boolean {
    const { aclrtSetStreamOverflowSwitch, aclrtGetOverflowStatus, aclrtResetOverflowStatus } = this.#optional
    // Chips that know no switch are always on.
    aclrtSetStreamOverflowSwitch?.(this.#stream, 1)
    return aclrtGetOverflowStatus !== undefined && aclrtResetOverflowStatus?.(this.#stream) === 0
  }

  /** Enqueue: write whether anything has overflowed to `overflowStatusBytes` bytes of device memory, and forget it. */
  enqueueOverflowStatus(to: number): void {
    this.checkAlive()
    const code = this.#optional.aclrtGetOverflowStatus!(to, overflowStatusBytes, this.#stream)
    this.check(code, 'aclrtGetOverflowStatus')
    this.check(this.#optional.aclrtResetOverflowStatus!(this.#stream), 'aclrtResetOverflowStatus')
  }

  /** The version of a package, as `aclsysGetVersionStr` or, before CANN 9, `aclsysGetCANNVersion` has it, or undefined. */
  packageVersion(name: 'runtime' | 'driver'): string | undefined {
    const { aclsysGetVersionStr, aclsysGetCANNVersion } = this.#optional
    const version = new Uint8Array(packageVersionBytes)
    const number = name === 'driver' ? packageNames.driver : packageNames.cann
    if (aclsysGetVersionStr?.(name, version) !== 0 && aclsysGetCANNVersion?.(number, version) !== 0)
      return undefined
    const text = new TextDecoder().decode(version.subarray(0, version.indexOf(0)))
    return text || undefined
  }

  /** The version of the runtime's interface, such as `1.15.0`, or undefined. */
  interfaceVersion(): string | undefined {
    const parts = [0, 1, 2].map(() => new Int32Array(1))
    return this.#optional.aclrtGetVersion?.(...parts) === 0 ? parts.map(([n]) => n).join('.') : undefined
  }

  /** Both phases of an operator, or undefined when this version of CANN lacks it. */
  operator(name: OperatorName): { plan: CFunction; launch: CFunction } | undefined {
    return this.libraries.operator(name)
  }

  /** Phase two of an operator: enqueue an executor. `workspace`: the address of `bytes` bytes, 0 for none. */
  launch(name: OperatorName, workspace: number, bytes: number, executor: bigint): void {
    this.checkAlive()
    const code = this.operator(name)!.launch(workspace || null, bytes, executor, this.#stream)
    this.check(code, `aclnn${name}`)
  }

  close(): void {
    this.#runtime.aclrtDestroyStream(this.#stream)
    this.#runtime.aclrtResetDevice(this.device)
    leaveAcl(() => this.#runtime.aclFinalize(), this.device)
  }
}
