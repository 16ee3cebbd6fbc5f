// A device from outside the package: kernels over JavaScript's typed arrays.
//
//   node examples/device.js                            runs the conformance suite on it
//   npx xenograd check --device examples/device.js     the self-test of the command line
//
// A device sees bytes and kernels, never tensors, never gradients. This one takes what every device must take (maps of
// one operation, plain reductions, products, gather, scatterAdd, copy, random bits) and declines the rest: then the
// engine asks for simpler kernels that come to the same. Gradients, scans and training follow from that.
import { pathToFileURL } from 'node:url'
import { bitsAt, expr, guarded, registerDevice } from 'xenograd'

const arrays = { float32: Float32Array, int32: Int32Array }
const size = shape => shape.reduce((a, b) => a * b, 1)

/** The position in a buffer of each element of a shape, in row-major order. Offsets and strides count elements. */
function positions(shape, { offset, strides }) {
  const along = (start, d) => Array.from({ length: shape[d] }, (_, i) => start + i * strides[d])
  return shape.reduce((starts, _, d) => starts.flatMap(start => along(start, d)), [offset])
}

/** For each kind of kernel: from the kernel to a function of its arguments' ArrayBuffers, or null for "not this one". */
const compilers = {
  /** One pass over a shape: `body` is a list of scalar operations whose arguments are earlier lines. */
  map({ shape, inputs, body, outputs }) {
    const operations = body.filter(({ op }) => op !== 'input' && op !== 'const')
    const isContiguous = positions(shape, outputs[0].view).every((position, i) => position === i)
    if (outputs.length > 1 || operations.length > 1 || !isContiguous) return null
    const from = inputs.map(({ view }) => positions(shape, view))
    const [{ dtype, value }] = outputs
    return memory => {
      const data = inputs.map((input, i) => new arrays[input.dtype](memory[i]))
      const out = new arrays[dtype](memory[inputs.length])
      for (let i = 0; i < size(shape); i++) {
        const values = []
        for (const line of body)
          if (line.op === 'input') values.push(data[line.value][from[line.value][i]])
          else if (line.op === 'const') values.push(arrays[line.dtype].of(line.value)[0])
          else values.push(expr.evaluate(line, ...line.args.map(arg => values[arg])))
        out[i] = values[value]
      }
    }
  },

  /** Sum or maximum over the last axes. */
  reduce({ op, dtype, shape, axes, inputs, body }) {
    if (inputs.length > 1 || body.length > 1) return null
    const from = positions(shape, inputs[0].view)
    const kept = size(shape.slice(0, shape.length - axes))
    const count = size(shape.slice(shape.length - axes))
    const least = dtype === 'int32' ? -(2 ** 31) : Number.NEGATIVE_INFINITY
    return memory => {
      const [data, out] = memory.map(bytes => new arrays[dtype](bytes))
      for (let i = 0; i < kept; i++) {
        const terms = from.slice(i * count, (i + 1) * count).map(position => data[position])
        out[i] = terms.reduce((a, b) => (op === 'sum' ? a + b : Math.max(a, b)), op === 'sum' ? 0 : least)
      }
    }
  },

  /** out[..., m, n] = Σ_k a[..., m, k] * b[..., k, n] */
  matmul({ dtype, batch, m, n, k, a, b, accumulate }) {
    if (accumulate) return null
    const left = positions([...batch, m, k], a)
    const right = positions([...batch, k, n], b)
    return memory => {
      const [x, y, out] = memory.map(bytes => new arrays[dtype](bytes))
      for (let p = 0; p < size(batch) * m; p++)
        for (let j = 0; j < n; j++) {
          let total = 0
          for (let l = 0; l < k; l++)
            total += x[left[p * k + l]] * y[right[(Math.floor(p / m) * k + l) * n + j]]
          out[p * n + j] = total
        }
    }
  },

  /** out[i, :] = table[index[i], :], zeros where there is no such row. */
  gather({ dtype, rows, width, count }) {
    return memory => {
      const [table, out] = [memory[0], memory[2]].map(bytes => new arrays[dtype](bytes))
      const index = new Int32Array(memory[1])
      for (let i = 0; i < count; i++)
        for (let j = 0; j < width; j++)
          out[i * width + j] = index[i] >= 0 && index[i] < rows ? table[index[i] * width + j] : 0
    }
  },

  /** out[index[i], :] += source[i, :], in order; rows that are not there are dropped. */
  scatterAdd({ dtype, rows, width, count, accumulate }) {
    return memory => {
      const index = new Int32Array(memory[0])
      const [source, out] = [memory[1], memory[2]].map(bytes => new arrays[dtype](bytes))
      if (!accumulate) out.fill(0, 0, rows * width)
      for (let i = 0; i < count; i++)
        for (let j = 0; j < width && index[i] >= 0 && index[i] < rows; j++)
          out[index[i] * width + j] += source[i * width + j]
    }
  },

  /** From one view to another, or a number to a view; the rest of the output stays as it is. */
  copy({ dtype, shape, source, to, accumulate }) {
    const target = positions(shape, to)
    const from = typeof source === 'number' ? undefined : positions(shape, source)
    return memory => {
      // A number is no argument: then the output is the only one.
      const [data, out = data] = memory.map(bytes => new arrays[dtype](bytes))
      target.forEach((position, i) => {
        const value = from ? data[from[i]] : source
        out[position] = accumulate ? out[position] + value : value
      })
    }
  },

  /** Element i of stream s: a function of key, stream and i, the same on every device. */
  randomBits({ streams, count }) {
    return memory => {
      const [key, stream, out] = memory.map(bytes => new Int32Array(bytes))
      for (let i = 0; i < streams * count; i++)
        out[i] = bitsAt([key[0], key[1]], stream[Math.floor(i / count)], i % count)
    }
  },
}

/** `guarded` refuses misuse: buffers that were freed, data that does not fit, wrong arguments, use after close. */
registerDevice('arrays', () =>
  guarded({
    name: 'arrays',
    description: 'typed arrays of JavaScript, an example',
    alloc: bytes => ({ bytes, memory: new ArrayBuffer(bytes) }),
    free() {},
    write: ({ memory }, { buffer, byteOffset, byteLength }) =>
      new Uint8Array(memory).set(new Uint8Array(buffer, byteOffset, byteLength)),
    read: async ({ memory }) => memory.slice(),
    compile(kernel) {
      // There are no compilers for loops and for float64.
      const isDouble = JSON.stringify(kernel).includes('"dtype":"float64"')
      const run = !isDouble && compilers[kernel.kind]?.(kernel)
      return run ? { kernel, run } : null
    },
    run: ({ run }, args) => run(args.map(({ memory }) => memory)),
    async close() {},
  }),
)

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { default: test } = await import('tape')
  const { deviceConformance } = await import('xenograd/testing')
  deviceConformance(test, 'arrays')
}
