/**
 * The page: the whole system in a browser, with no installation and no upload. Thin, as `cli/` is: it imports model/, data/,
 * eval/ and engine/ through their doors, and nothing imports it.
 *
 * This file begins: it has `offline/` register the service worker (which keeps the page for use without a network, and
 * isolates it, so that threads work), and renders `shell/`: what is around a view, and the one that the address asks for. A
 * view is a folder of its own (`score/`, `playground/`, `guide/`), listed in `views.ts` and loaded when it is first shown;
 * `ui/` is what views share: the address, theme, messages, numbers, files, tasks. Whatever takes time runs in a worker, as a
 * task of `work/`, which has the messages, both ends, and the tasks; `language/` is TypeScript, for the playground's editor. What
 * only Node can run of the system has its counterpart in `standIns/`; `vite/` has the parts of the bundler's configuration,
 * among them what makes the guide's texts, `style.css` the look.
 */
import { render } from 'preact'
import { watchServiceWorker } from './offline/register.js'
import { Shell } from './shell/shell.js'

watchServiceWorker()
const app = document.getElementById('app')
if (!app) throw new Error('index.html has no element #app')
app.replaceChildren()
render(<Shell />, app)
