import { notify } from '../ui/notices.js'

/** Has the browser save a blob under a name; says what is wrong where there is no room. */
export function saveAs(name: string, make: () => Blob | Promise<Blob>): Promise<void> {
  return Promise.resolve()
    .then(make)
    .then(blob => {
      const link = document.createElement('a')
      link.href = URL.createObjectURL(blob)
      link.download = name
      link.click()
      // The browser has begun to read it long before.
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
    })
    .catch((error: Error) =>
      notify(
        'error',
        `${name} cannot be made: ${error.message} (is the disk full?). Nothing here is lost: make room and try again.`,
      ),
    )
}

/** A name for files about an input: without its folder, its endings, and what no file is called. */
export const stemOf = (name: string): string =>
  name
    .replace(/(\.(fa|fasta|fna|ffn|fq|fastq|txt|tsv|gz|tfrecord))+$/i, '')
    .replace(/[\\/:*?"<>|\s]+/g, '_') || 'reads'

/** An SVG file of a drawing: on a ground of its own, and with its letters said. */
export function svgFile(drawing: SVGSVGElement, paper: string, ink: string): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement
  const { width, height } = sizeOf(drawing)
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  copy.setAttribute('width', String(width))
  copy.setAttribute('height', String(height))
  copy.style.color = ink
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect')
  for (const [name, value] of Object.entries({ width, height, fill: paper }))
    ground.setAttribute(name, String(value))
  copy.prepend(ground)
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`
}

const sizeOf = ({ viewBox: { baseVal } }: SVGSVGElement) => ({ width: baseVal.width, height: baseVal.height })

/** Dots of a PNG for each of a drawing. */
const sharpness = 2

/** A PNG file of a drawing. @throws Error where the browser cannot make it. */
export async function pngFile(drawing: SVGSVGElement, paper: string, ink: string): Promise<Blob> {
  const { width, height } = sizeOf(drawing)
  const url = URL.createObjectURL(new Blob([svgFile(drawing, paper, ink)], { type: 'image/svg+xml' }))
  try {
    const image = new Image()
    image.src = url
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = sharpness * width
    canvas.height = sharpness * height
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
    return await new Promise((resolve, reject) =>
      canvas.toBlob(
        blob => (blob ? resolve(blob) : reject(new Error('the browser makes no picture of this size'))),
        'image/png',
      ),
    )
  } finally {
    URL.revokeObjectURL(url)
  }
}
