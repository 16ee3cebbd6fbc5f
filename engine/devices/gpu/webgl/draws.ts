import { copyKernel } from '../../../kernel/build.js'
import { contiguousView } from '../../../kernel/shape.js'
import type { Compiled, Compiler } from '../compiler.js'
import { checkBackend } from '../errors.js'
import { type Argument, type Copy, commandsOf, type Dispatch } from '../launch.js'
import type { Workspace } from '../workspace.js'
import type { GlslKernel } from './glsl.js'
import type { TextureBuffer } from './textures.js'

/** A dispatch of WebGL2: a point for each thread, drawn into the texture of the only buffer that it writes. */
export type Draw = Dispatch<GlslKernel, TextureBuffer>

/** The draws of a launch: every pass of every iteration, in order. Copies are passes, too. */
export function drawsOf(
  compiler: Compiler<GlslKernel>,
  workspace: Workspace<TextureBuffer>,
  compiled: Compiled<GlslKernel>,
  args: readonly Argument<TextureBuffer>[],
): Draw[] {
  const drawOfCopy = ({ from, fromByte, to, toByte, bytes }: Copy<TextureBuffer>): Draw[] => {
    const kernel = copyKernel('int32', [bytes / 4], contiguousView([bytes / 4]))
    const copyArgs = [
      { buffer: from, byte: fromByte },
      { buffer: to, byte: toByte },
    ]
    return drawsOf(compiler, workspace, compiler.compile(kernel, undefined), copyArgs)
  }
  return commandsOf(workspace, compiled, args, false).flatMap(command =>
    command.kind === 'copy' ? drawOfCopy(command) : [command],
  )
}

/**
 * Draw at once: the pass into the texture that it writes.
 * @throws Error when gpu.js would run the kernel elsewhere than on this GPU.
 */
export function draw(gl: WebGL2RenderingContext, { pass, buffers, bases, initial }: Draw): void {
  const { kernel, threads, slots, constants } = pass
  checkBackend(kernel, 'gpu', kernel.context === gl && Boolean(kernel.program))
  gl.useProgram(kernel.program)
  buffers.forEach((buffer, i) => {
    const isWritten = slots[i] === undefined
    if (isWritten) drawInto(gl, kernel, buffer)
    const sampled = isWritten ? initial?.buffer : buffer
    if (!sampled) return
    gl.activeTexture(gl.TEXTURE0 + i)
    gl.bindTexture(gl.TEXTURE_2D, sampled.texture)
  })
  ;[...bases, ...constants].forEach((value, i) => {
    const location = kernel.locations[buffers.length + i]
    if (i < bases.length) gl.uniform1i(location, value)
    else gl.uniform1f(location, value)
  })
  if (initial) gl.uniform1i(kernel.shiftLocation, initial.byte / 4 - bases[bases.length - 1])
  gl.drawArrays(gl.POINTS, 0, threads)
}

/** Has what is drawn next go to a buffer. */
function drawInto(
  gl: WebGL2RenderingContext,
  { sizeLocation }: GlslKernel,
  { framebuffer, width, height }: TextureBuffer,
): void {
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer)
  gl.viewport(0, 0, width, height)
  gl.uniform2i(sizeLocation, width, height)
}
