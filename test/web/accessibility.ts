import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** What axe-core finds wrong with a page for people who use it by keyboard or screen reader: a line for each rule. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run()
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`)
  })
}
