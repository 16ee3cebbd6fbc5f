import { Cann, setUpStub } from './cann.js'

// One process of collective.test.ts: joins as rank 1 of 2, and adds what it is given to what the other has.
//   node collectiveRank.js FOLDER ROOT_INFORMATION NUMBERS
const [folder, root, numbers] = process.argv.slice(2)
const [ranks, rank, float32, sum] = [2, 1, 4, 0]

setUpStub(folder)
const cann = await Cann.load(folder)
cann.open()
const values = Float32Array.from(numbers.split(','), Number)
const [send, receive] = [values, new Float32Array(values.length)].map(v => cann.buffer(v))
const communicator = cann.out('HcclCommInitRootInfo', [ranks, Buffer.from(root, 'base64'), rank], 3)
for (let step = 0; step < 2; step++)
  cann.must('HcclAllReduce', send, receive, values.length, float32, sum, communicator, cann.stream)
cann.must('aclrtSynchronizeStream', cann.stream)
process.stdout.write(cann.read(receive, values.length).join())
cann.must('HcclCommDestroy', communicator)
cann.free(send, receive)
cann.close()
