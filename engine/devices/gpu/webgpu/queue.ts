/**
 * The order of work on the GPU. Passes and copies are recorded and submitted together; what must wait for a kernel to
 * be built keeps everything behind it waiting, too.
 */
export class Queue {
  #encoder: GPUCommandEncoder | undefined
  #pass: GPUComputePassEncoder | undefined
  #recorded = 0
  /** Buffers to destroy once what uses them is submitted. */
  #toDestroy: GPUBuffer[] = []
  /** Settled when all work that waits is done. */
  #tail: Promise<void> = Promise.resolve()
  #waiting = 0
  #error: unknown

  constructor(readonly device: GPUDevice) {}

  /**
   * Do `work` after all work so far and, if given, once `ready` is settled; at once if there is nothing to wait for. The
   * promise that it returns, if any, keeps later work waiting, too.
   */
  do(work: () => Promise<void> | undefined, ready?: Promise<unknown>): void {
    if (this.#waiting || ready) {
      this.#wait(() => Promise.resolve(ready).then(work))
      return
    }
    const more = work()
    if (more) this.#wait(() => more)
  }

  #wait(work: () => Promise<void>): void {
    this.#waiting++
    this.#tail = this.#tail
      .then(work)
      .catch(error => {
        this.#error ??= error
      })
      .finally(() => {
        this.#waiting--
      })
  }

  /** Record a dispatch. */
  dispatch(
    pipeline: GPUComputePipeline,
    bindings: GPUBindGroup,
    groups: readonly [number, number, number],
  ): void {
    this.#pass ??= this.#commands().beginComputePass()
    this.#pass.setPipeline(pipeline)
    this.#pass.setBindGroup(0, bindings)
    this.#pass.dispatchWorkgroups(...groups)
    this.#recorded++
  }

  /** Record a copy between two buffers. */
  copy(from: GPUBuffer, fromByte: number, to: GPUBuffer, toByte: number, bytes: number): void {
    this.#endPass()
    this.#commands().copyBufferToBuffer(from, fromByte, to, toByte, bytes)
    this.#recorded++
  }

  /** Submit, if there is much: the GPU then begins while more is recorded. */
  submitIfLong(): void {
    if (this.#recorded > 256) this.submit()
  }

  /** Submit everything that is recorded. */
  submit(): void {
    this.#endPass()
    if (this.#encoder) this.device.queue.submit([this.#encoder.finish()])
    this.#encoder = undefined
    this.#recorded = 0
    for (const buffer of this.#toDestroy.splice(0)) buffer.destroy()
  }

  /** Destroy a buffer after the work recorded so far. */
  destroy(buffer: GPUBuffer): void {
    if (this.#encoder) this.#toDestroy.push(buffer)
    else buffer.destroy()
  }

  /**
   * Settled once no work waits any more.
   * @throws what went wrong since the last call.
   */
  async settled(): Promise<void> {
    while (this.#waiting) await this.#tail
    const error = this.#error
    this.#error = undefined
    if (error) throw error
  }

  #commands(): GPUCommandEncoder {
    this.#encoder ??= this.device.createCommandEncoder()
    return this.#encoder
  }

  #endPass(): void {
    this.#pass?.end()
    this.#pass = undefined
  }
}
