import { conformanceOn } from './conformance.js'

await conformanceOn('ascend910', { soc: 'Ascend910A', layout: 'whole', share: 0.25 })
