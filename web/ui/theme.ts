import { signal } from '@preact/signals'
import { store, stored } from './storage.js'

export type Theme = 'light' | 'dark'

const preferred = matchMedia('(prefers-color-scheme: dark)')
const systemTheme = (): Theme => (preferred.matches ? 'dark' : 'light')
const isTheme = (text: string | undefined): text is Theme => text === 'light' || text === 'dark'

const chosen = stored('theme')

/** The colours that are shown: the user's choice, else the system's. Charts on a canvas follow it. */
export const theme = signal<Theme>(isTheme(chosen) ? chosen : systemTheme())

preferred.addEventListener('change', () => {
  if (!isTheme(stored('theme'))) theme.value = systemTheme()
})

/** Change to the other theme, and keep the choice for the next visit. */
export function toggleTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark'
  document.documentElement.dataset.theme = theme.value
  store('theme', theme.value)
}
