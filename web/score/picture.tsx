import type { PlotOptions } from '@observablehq/plot'
import * as Plot from '@observablehq/plot'
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { theme } from '../ui/theme.js'
import { type Colours, coloursOf } from './colours.js'
import { pngFile, saveAs, svgFile } from './download.js'

/** What is drawn for a width in pixels and some colours. */
export type Draw = (width: number, colours: Colours) => PlotOptions

type Props = {
  readonly title: string
  /** What those hear who do not see it. */
  readonly description: string
  /** Files of it are called so. */
  readonly file: string
  readonly draw: Draw
  /** Laid over the drawing, for its width. */
  readonly overlay?: (width: number) => ComponentChildren
  readonly children?: ComponentChildren
}

/** A picture that follows the width of its place and the page's colours, and can be saved as SVG and PNG. */
export function Picture({ title, description, file, draw, overlay, children }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  const colours = coloursOf(theme.value)
  useEffect(() => {
    let frame = 0
    const observer = new ResizeObserver(([{ contentRect }]) => {
      // What is drawn at once changes sizes again, which browsers complain about.
      cancelAnimationFrame(frame)
      frame = requestAnimationFrame(() => setWidth(Math.floor(contentRect.width)))
    })
    if (place.current) observer.observe(place.current)
    return () => {
      cancelAnimationFrame(frame)
      observer.disconnect()
    }
  }, [])
  const drawing = useRef<SVGSVGElement | undefined>(undefined)
  useLayoutEffect(() => {
    if (!width || !place.current) return
    const element = Plot.plot({
      ...draw(width, colours),
      width,
      style: {
        fontSize: '12px',
        fontFamily: 'system-ui, sans-serif',
        background: 'none',
        color: colours.ink,
        overflow: 'visible',
      },
    })
    if (!(element instanceof SVGSVGElement)) throw new Error(`${title}: no drawing`)
    // A picture is one thing to those who do not see it; its groups may have no names.
    for (const part of element.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label')
    element.setAttribute('role', 'img')
    element.setAttribute('aria-label', description)
    place.current.replaceChildren(element)
    drawing.current = element
  }, [width, draw, colours, description, title])
  const save = (ending: string, make: (drawing: SVGSVGElement) => Blob | Promise<Blob>): void => {
    const { current } = drawing
    if (current) void saveAs(`${file}.${ending}`, () => make(current))
  }
  const { paper, ink } = colours
  return (
    <figure class="picture">
      <figcaption>
        <h3>{title}</h3>
        <span class="save">
          <button
            type="button"
            aria-label={`${title}: save as SVG`}
            onClick={() =>
              save('svg', drawn => new Blob([svgFile(drawn, paper, ink)], { type: 'image/svg+xml' }))
            }
          >
            SVG
          </button>
          <button
            type="button"
            aria-label={`${title}: save as PNG`}
            onClick={() => save('png', drawn => pngFile(drawn, paper, ink))}
          >
            PNG
          </button>
        </span>
      </figcaption>
      <div class="stage">
        <div ref={place} class="drawing" />
        {width > 0 && overlay?.(width)}
      </div>
      {children}
    </figure>
  )
}
