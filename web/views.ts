import type { ComponentType } from 'preact'

/** A part of the page with an address of its own: `#id`. */
export type View = {
  readonly id: string
  /** In the header. */
  readonly title: string
  /** Its code, loaded when it is first shown. */
  readonly load: () => Promise<ComponentType>
}

/** All views in the order of the header; the first one is shown where the address names none. */
export const views: readonly View[] = [
  { id: 'score', title: 'Score', load: async () => (await import('./score/index.js')).ScoreView },
  {
    id: 'playground',
    title: 'Playground',
    load: async () => (await import('./playground/index.js')).PlaygroundView,
  },
  { id: 'guide', title: 'Guide', load: async () => (await import('./guide/index.js')).GuideView },
]
