import { DeviceUnavailableError } from '../../device.js'
import { environment } from '../../environment.js'
import { acceptAdvice, importPackage, inNode } from '../packages.js'

/** A WebGL2 context, opened for gpu.js. */
export type WebGl = {
  readonly gl: WebGL2RenderingContext
  /** What the context is of: gpu.js keeps it. */
  readonly canvas: object
  /** Whether it is headless-gl's, not a browser's. */
  readonly headless: boolean
  /** Whether it draws on the CPU, or does not say what it draws on. */
  readonly software: boolean
  readonly description: string
  /** Gives the context back. */
  release(): void
}

const softwareRenderers = /swiftshader|llvmpipe|softpipe|software|basic render/i

/**
 * A WebGL2 context: the browser's, or in Node that of headless-gl (package gl).
 *
 * @throws DeviceUnavailableError when there is none, or only software that runs on the CPU and `allowCpu` is not set.
 */
export async function openWebGl(allowCpu: boolean): Promise<WebGl> {
  const opened = inNode ? await openHeadless() : openCanvas()
  if (!opened.software || allowCpu) return opened
  opened.release()
  const advice = inNode ? 'install a GPU driver for WebGPU' : 'allow hardware acceleration in the browser'
  throw new DeviceUnavailableError(`${opened.description}; ${advice}, or ${acceptAdvice}`)
}

function openCanvas(): WebGl {
  if (typeof OffscreenCanvas === 'undefined')
    throw new DeviceUnavailableError('this browser has no OffscreenCanvas; take one that has')
  const canvas = new OffscreenCanvas(1, 1)
  const gl = canvas.getContext('webgl2', { powerPreference: 'high-performance', antialias: false })
  if (!gl) throw new DeviceUnavailableError('the browser gives no context; allow hardware acceleration in it')
  const info = gl.getExtension('WEBGL_debug_renderer_info')
  const renderer = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER))
  const software = softwareRenderers.test(renderer)
  return {
    gl,
    canvas,
    headless: false,
    software,
    description: `gpu.js, WebGL2 on ${renderer}${software ? ' (software on the CPU)' : ''}`,
    release: () => gl.getExtension('WEBGL_lose_context')?.loseContext(),
  }
}

const install = 'npm install gl@9.0.0-rc.10'

type CreateContext = (
  width: number,
  height: number,
  options: { createWebGL2Context: true },
) => WebGL2RenderingContext | null

async function openHeadless(): Promise<WebGl> {
  let module: Record<string, unknown> | undefined
  try {
    module = await importPackage('gl')
  } catch (error) {
    const why = (error as Error).message.split('\n')[0]
    throw new DeviceUnavailableError(`the package gl (headless-gl) does not load (${why}); ${install}`)
  }
  if (!module) throw new DeviceUnavailableError(`the package gl (headless-gl) is not installed; ${install}`)
  // Without one it would fail, too, but with lines of its own on stderr.
  if (process.platform === 'linux' && !environment('DISPLAY'))
    throw new DeviceUnavailableError('headless-gl needs an X display (DISPLAY); run under xvfb-run')
  const gl = (module.default as CreateContext)(1, 1, { createWebGL2Context: true })
  if (!gl) throw new DeviceUnavailableError('headless-gl gives no context; install a GPU driver with OpenGL')
  const release = () => {
    const extension = gl.getExtension('STACKGL_destroy_context') as { destroy(): void } | null
    extension?.destroy()
  }
  // Before version 9 it is WebGL 1, whose shaders have neither 32-bit integers nor the bits of floats.
  if (gl.texStorage2D === undefined || gl.R32I === undefined) {
    release()
    throw new DeviceUnavailableError(
      `this version of the package gl has no WebGL2, and WebGL 1 no 32-bit integers; ${install}`,
    )
  }
  return {
    gl,
    canvas: {},
    headless: true,
    // It names every renderer ANGLE.
    software: true,
    description: 'gpu.js, WebGL2 of headless-gl (which does not say what it runs on: perhaps the CPU)',
    release,
  }
}
