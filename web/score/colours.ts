import type { Theme } from '../ui/theme.js'

/** What pictures are drawn in: they stand in files, too, so nothing of the page's style sheet. */
export type Colours = {
  readonly known: string
  readonly unknown: string
  readonly none: string
  readonly ink: string
  readonly paper: string
}

/** Blue and orange, which colour-blind people can tell apart (Okabe & Ito, jfly.uni-koeln.de/color), lighter on dark. */
const themes: Readonly<Record<Theme, Colours>> = {
  light: { known: '#0072b2', unknown: '#d55e00', none: '#8a9391', ink: '#1b1f1e', paper: '#ffffff' },
  dark: { known: '#56b4e9', unknown: '#f08a3c', none: '#7d8886', ink: '#e6eae8', paper: '#1b201f' },
}

export const coloursOf = (theme: Theme): Colours => themes[theme]
