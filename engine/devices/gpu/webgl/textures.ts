/** A buffer of WebGL2: 32-bit words, row by row in a texture of integers, and what it is drawn into and read by. */
export type TextureBuffer = {
  readonly texture: WebGLTexture
  readonly framebuffer: WebGLFramebuffer
  readonly width: number
  readonly height: number
}

/**
 * Buffers as textures of one WebGL2 context; rows have 2^`rowBits` words. `headless`: the context is headless-gl's, which
 * takes words as bytes only and cannot read without waiting.
 */
export class Textures {
  readonly #rowWords: number

  constructor(
    readonly gl: WebGL2RenderingContext,
    readonly rowBits: number,
    readonly headless: boolean,
  ) {
    this.#rowWords = 2 ** rowBits
  }

  /** A buffer of at least `bytes` bytes, and one word at least. */
  create(bytes: number): TextureBuffer {
    const { gl } = this
    const words = Math.max(1, Math.ceil(bytes / 4))
    const [width, height] = [Math.min(words, this.#rowWords), Math.ceil(words / this.#rowWords)]
    const [texture, framebuffer] = [gl.createTexture(), gl.createFramebuffer()]
    gl.bindTexture(gl.TEXTURE_2D, texture)
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.R32I, width, height)
    // Integers cannot be interpolated, and a texture that is would read as zero.
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer)
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0)
    return { texture, framebuffer, width, height }
  }

  destroy({ texture, framebuffer }: TextureBuffer): void {
    this.gl.deleteFramebuffer(framebuffer)
    this.gl.deleteTexture(texture)
  }

  /** Write words to the start of a buffer. */
  write({ texture, width }: TextureBuffer, words: Int32Array): void {
    const { gl } = this
    gl.bindTexture(gl.TEXTURE_2D, texture)
    const rows = Math.floor(words.length / width)
    const rest = words.length - rows * width
    const put = (y: number, columns: number, height: number) => {
      if (!columns || !height) return
      const from = words.subarray(y * width)
      const data = this.headless ? new Uint8Array(from.buffer, from.byteOffset, from.byteLength) : from
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, y, columns, height, gl.RED_INTEGER, gl.INT, data)
    }
    put(0, width, rows)
    put(rows, rest, 1)
  }

  /** All words of a buffer as they are after the work so far. Where the context allows it, the event loop stays free. */
  async read({ framebuffer, width, height }: TextureBuffer): Promise<Int32Array> {
    const { gl } = this
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer)
    // One word a texel where the driver can, else four of which one is ours.
    const tight =
      gl.getParameter(gl.IMPLEMENTATION_COLOR_READ_FORMAT) === gl.RED_INTEGER &&
      gl.getParameter(gl.IMPLEMENTATION_COLOR_READ_TYPE) === gl.INT
    const texels = new Int32Array(width * height * (tight ? 1 : 4))
    const format = tight ? gl.RED_INTEGER : gl.RGBA_INTEGER
    if (this.headless) gl.readPixels(0, 0, width, height, format, gl.INT, texels)
    else await this.#readPacked(width, height, format, texels)
    return tight ? texels : texels.filter((_, i) => i % 4 === 0)
  }

  /** `readPixels` into a buffer of the GPU's, so that the thread need not wait for it. */
  async #readPacked(width: number, height: number, format: GLenum, texels: Int32Array): Promise<void> {
    const { gl } = this
    const packed = gl.createBuffer()
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, packed)
    gl.bufferData(gl.PIXEL_PACK_BUFFER, texels.byteLength, gl.STREAM_READ)
    gl.readPixels(0, 0, width, height, format, gl.INT, 0)
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null)
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)
    gl.flush()
    try {
      while (fence && gl.clientWaitSync(fence, 0, 0) === gl.TIMEOUT_EXPIRED) await nextTask()
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, packed)
      gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, texels)
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null)
    } finally {
      gl.deleteSync(fence)
      gl.deleteBuffer(packed)
    }
  }
}

/** Lets the event loop do other tasks. By a message: browsers hold timers up. */
const nextTask = (): Promise<void> =>
  new Promise(resolve => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(0)
  })
