import { type DialectNode, dialectNode, intrinsicName } from '../dialect.js'
import type { Ast, GpuJs, WebGl2Kernel } from '../gpujs.js'

/** A kernel of the dialect for WebGL2: a program that draws a point for each thread. */
export interface GlslKernel extends WebGl2Kernel {
  /** Where the program keeps its arguments (of arrays: their sampler), null for those that it does not use. */
  readonly locations: readonly (WebGLUniformLocation | null)[]
  /** Where it keeps columns and rows of the texture that it draws into. */
  readonly sizeLocation: WebGLUniformLocation | null
  /** What to add to an index into `out` to have that into the copy which is bound for reading it. */
  readonly shiftLocation: WebGLUniformLocation | null
}

/** Arrays of a pass: the words of buffers. */
const isArray = (name: string | undefined): boolean => /^(in\d+|out)$/.test(name ?? '')

/** Written as they are: gpu.js would write loops of divisions, which older versions of WebGL need. */
const bitOperators = new Set(['&', '|', '^', '<<', '>>', '>>>'])

/** The array and the index of a program's load, if an expression is one. */
const load = (ast: Ast): { array: string; index: Ast } | undefined =>
  ast.type === 'MemberExpression' && ast.computed && isArray(ast.object?.name)
    ? { array: ast.object!.name!, index: ast.property! }
    : undefined

/** gpu.js's translator to GLSL, for the dialect over buffers that are textures of integers. */
function glslNode({ WebGL2FunctionNode }: GpuJs) {
  return class extends dialectNode(WebGL2FunctionNode, 'glsl') implements DialectNode {
    override astMemberExpression(ast: Ast, out: string[]): string[] {
      if (!load(ast)) return super.astMemberExpression(ast, out)
      out.push('intBitsToFloat(')
      this.#loadBits(ast, out)
      out.push(')')
      return out
    }

    /** Integers that are only loaded and stored never become floats. */
    override astCallExpression(ast: Ast, out: string[]): string[] {
      const name = intrinsicName(ast)
      if (name === 'bitsOf' && load(ast.arguments![0])) return this.#loadBits(ast.arguments![0], out)
      if (name !== 'store' || intrinsicName(ast.arguments![2]) !== 'ofBits')
        return super.astCallExpression(ast, out)
      const [, index, { arguments: bits }] = ast.arguments!
      out.push('storeBits(')
      this.astAs('Integer', index, out)
      out.push(', ')
      this.astAs('Integer', bits![0], out)
      out.push(')')
      return out
    }

    override astBinaryExpression(ast: Ast, out: string[]): string[] {
      if (!bitOperators.has(ast.operator!)) return super.astBinaryExpression(ast, out)
      const [left, right] = [ast.left!, ast.right!].map(side => this.astAs('Integer', side, []).join(''))
      // Shifts take the last five bits, as in JavaScript and WGSL.
      const shift = ast.right!.type === 'Literal' ? right : `(${right} & 31)`
      if (ast.operator === '>>>') out.push(`int(uint(${left}) >> uint(${shift}))`)
      else out.push(`(${left} ${ast.operator} ${ast.operator!.length > 1 ? shift : right})`)
      return out
    }

    #loadBits(ast: Ast, out: string[]): string[] {
      const { array, index } = load(ast)!
      out.push(`bitsAt(user_${array}, `)
      this.astAs('Integer', index, out)
      out.push(array === 'out' ? ' + outShift)' : ')')
      return out
    }
  }
}

/**
 * gpu.js's class of WebGL2 kernels, for the dialect.
 *
 * A fragment shader can only write where it is drawn, so a kernel runs in the vertex shader: a thread is a point, drawn
 * where its element is in the texture of the buffer. A buffer is a texture of 32-bit integers, rows of 2^`rowBits` words:
 * the bits of floats and integers alike, which no driver takes for NaNs or denormals.
 */
export function glslKernel(
  gpujs: GpuJs,
  rowBits: number,
): new (
  source: string,
  settings: object,
) => GlslKernel {
  const Node = glslNode(gpujs)

  return class extends gpujs.WebGL2Kernel implements GlslKernel {
    locations: readonly (WebGLUniformLocation | null)[] = []
    sizeLocation: WebGLUniformLocation | null = null
    shiftLocation: WebGLUniformLocation | null = null

    override build(): undefined {
      if (this.built) return
      this.kernelArguments = this.argumentTypes.map(type => ({ type }))
      this.kernelConstants = []
      this.argumentSizes = []
      this.argumentBitRatios = []
      const functions = gpujs.FunctionBuilder.fromKernel(this, Node).getPrototypes('kernel').join('\n')
      // gpu.js would destroy arguments of its own.
      this.kernelArguments = []
      const { context: gl } = this
      const program = linkProgram(gl, vertexShader(this, functions, rowBits), this.source)
      this.locations = this.argumentNames.map(name => gl.getUniformLocation(program, `user_${name}`))
      this.sizeLocation = gl.getUniformLocation(program, 'size')
      this.shiftLocation = gl.getUniformLocation(program, 'outShift')
      gl.useProgram(program)
      this.locations.forEach((location, i) => {
        if (this.argumentTypes[i] === 'Input') gl.uniform1i(location, i)
      })
      this.program = program
      this.built = true
    }
  }
}

/**
 * A program of a vertex shader and the fragment shader that writes its word. `source`: of the kernel, for the error.
 * @throws Error for a shader that does not compile.
 */
function linkProgram(gl: WebGL2RenderingContext, vertex: string, source: string): WebGLProgram {
  const program = gl.createProgram()
  const shaders = [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragmentShader],
  ] as const
  const compiled = shaders.map(([type, text]) => {
    const shader = gl.createShader(type)
    // Of a lost context; `read` tells.
    if (!shader) return undefined
    gl.shaderSource(shader, text)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
    return shader
  })
  gl.linkProgram(program)
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    const errors = compiled.map(shader => shader && gl.getShaderInfoLog(shader))
    throw new Error(
      `gpu device: gpu.js made a shader that does not compile: ${errors} ${gl.getProgramInfoLog(program)}\n${source}`,
    )
  }
  for (const shader of compiled) if (shader) gl.deleteShader(shader)
  return program
}

/** A kernel's functions as a vertex shader: it runs for each point and stores one word where the point is drawn. */
function vertexShader(
  { argumentNames, argumentTypes }: GlslKernel,
  functions: string,
  rowBits: number,
): string {
  const type: Record<string, string> = { Input: 'isampler2D', Integer: 'int', Float: 'float' }
  return `#version 300 es
precision highp float;
precision highp int;
precision highp isampler2D;
${argumentNames.map((name, i) => `uniform ${type[argumentTypes[i]]} user_${name};`).join('\n')}
uniform ivec2 size;
uniform int outShift;
// Never set.
uniform int zero;
flat out int element;
ivec3 threadId;
int storedAt = -1;
int bitsAt(isampler2D words, int at) {
  return texelFetch(words, ivec2(at & ${2 ** rowBits - 1}, at >> ${rowBits}), 0).r;
}
void storeBits(int at, int bits) {
  storedAt = at;
  element = bits;
}
${functions}
void main() {
  threadId = ivec3(gl_VertexID, 0, 0);
  element = 0;
  kernel();
  vec2 pixel = vec2(ivec2(storedAt & ${2 ** rowBits - 1}, storedAt >> ${rowBits})) + 0.5;
  // What is outside is not drawn.
  gl_Position = storedAt < 0 ? vec4(2.0, 2.0, 2.0, 1.0) : vec4(pixel / vec2(size) * 2.0 - 1.0, 0.0, 1.0);
  gl_PointSize = 1.0;
}`
}

const fragmentShader = `#version 300 es
precision highp int;
flat in int element;
layout(location = 0) out int word;
void main() {
  word = element;
}`
