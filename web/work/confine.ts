/** What the language itself has (ECMA-262), without what browsers add to it. */
const language = [
  'globalThis Infinity NaN undefined eval isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent encodeURI',
  'encodeURIComponent escape unescape AggregateError Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean',
  'DataView Date Error EvalError FinalizationRegistry Float16Array Float32Array Float64Array Function Int8Array Int16Array',
  'Int32Array Intl Iterator JSON Map Math Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set',
  'SharedArrayBuffer String Symbol SyntaxError TypeError URIError Uint8Array Uint8ClampedArray Uint16Array Uint32Array',
  'WeakMap WeakRef WeakSet',
]

/** What the engine, and a worker's talk with its page, need of the browser; none of it reaches the network or storage. */
const host = [
  'self constructor console performance crossOriginIsolated WebAssembly postMessage onmessage addEventListener',
  'removeEventListener dispatchEvent setTimeout clearTimeout setInterval clearInterval queueMicrotask structuredClone',
  'AbortController AbortSignal Blob DOMException Event EventTarget MessageChannel MessageEvent MessagePort TextDecoder',
  'TextEncoder URL Worker',
]

const kept = new Set([...language, ...host].flatMap(line => line.split(' ')))

/**
 * Takes everything from this worker by which code could reach beyond it: the network, the page's caches and storage, and
 * workers of its own, whose globals would be whole. To be called before a user's code runs, which may be a stranger's,
 * from a link: without this it could change what the service worker serves on later visits.
 */
export function confine(): void {
  // By whether there is one, the engine tells whether its memory is shared.
  const refused = class Worker {
    constructor() {
      throw new Error('a cell starts no workers')
    }
  }
  Object.defineProperty(globalThis, 'Worker', { value: refused })
  let scope: object = globalThis
  for (; scope !== EventTarget.prototype; scope = Object.getPrototypeOf(scope))
    for (const name of Object.getOwnPropertyNames(scope))
      if (!kept.has(name)) Reflect.deleteProperty(scope, name)
}
