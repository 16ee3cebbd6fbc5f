import { conformanceOn } from './conformance.js'

// What is repeated is captured.
await conformanceOn('ascend910b', { soc: 'Ascend910B4', layout: 'both', share: 0.3 })
