import { AscendError, outOfMemory, repeatedInit } from './errors.js'
import type { CFunction, Ffi, Libraries } from './library.js'
import {
  declaredName,
  deterministicOption,
  hbm,
  hugePagesFirst,
  memcpyKind,
  metaPrototypes,
  type OperatorName,
  runtimePrototypes,
  setOptionPrototype,
} from './prototypes.js'

/** The functions that prototypes declare, by name. */
type Bound<P extends readonly string[]> = { readonly [name in NameIn<P[number]>]: CFunction }
/** The name that a prototype declares: what stands before the bracket, behind the last `*` or the space. */
type NameIn<P extends string> = P extends `${infer Head}(${string}`
  ? Head extends `${string}*${infer Name}`
    ? Name
    : Head extends `${string} ${infer Name}`
      ? Name
      : never
  : never

/**
 * One card through the Ascend C API: from aclInit to a stream, and every call checked. All calls come from one thread
 * (a context belongs to a thread), and kernels run in the order in which they are enqueued on the one stream.
 */
export class Acl {
  readonly soc: string
  /** Sums run in one order, so results repeat bit for bit; older versions of CANN cannot be asked for it. */
  readonly deterministic: boolean
  readonly #runtime: Bound<typeof runtimePrototypes>
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
    this.#runtime = bind(libraries, runtimePrototypes)
    this.meta = bind(libraries, metaPrototypes)
    const runtime = this.#runtime
    const initialised = runtime.aclInit(null)
    if (initialised !== repeatedInit) this.check(initialised, 'aclInit')
    let isSet = false
    try {
      this.check(runtime.aclrtSetDevice(device), `aclrtSetDevice(${device})`)
      isSet = true
      const deterministic = libraries.optional(setOptionPrototype)
      this.deterministic = deterministic?.(deterministicOption, 1) === 0
      this.soc = String(runtime.aclrtGetSocName())
      this.#stream = this.#pointer(out => runtime.aclrtCreateStream(out), 'aclrtCreateStream')
    } catch (error) {
      if (isSet) runtime.aclrtResetDevice(device)
      runtime.aclFinalize()
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

  /** Whether all that was enqueued is done. @throws AscendError when some of it failed. */
  isIdle(): boolean {
    this.checkAlive()
    const status = new Int32Array(1)
    this.check(this.#runtime.aclrtStreamQuery(this.#stream, status), 'waiting for kernels')
    return status[0] === 0
  }

  /** Wait, with the thread blocked, until all that was enqueued is done. */
  synchronise(): void {
    this.checkAlive()
    this.check(this.#runtime.aclrtSynchronizeStream(this.#stream), 'waiting for kernels')
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
    this.#runtime.aclFinalize()
  }
}

function bind<const P extends readonly string[]>(libraries: Libraries, prototypes: P): Bound<P> {
  return Object.fromEntries(
    prototypes.map(prototype => [declaredName(prototype), libraries.required(prototype)]),
  ) as Bound<P>
}
