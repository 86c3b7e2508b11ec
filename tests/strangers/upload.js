// tus-js-client as its documentation shows it: uploads a file, or goes on with one.
// node upload.js ENDPOINT TOKEN FILE CHUNK_BYTES STOP_AFTER_BYTES [UPLOAD_URL]; prints one line of JSON.
const fs = require('fs')
const path = require('path')
const tus = require('tus-js-client')

const [endpoint, token, file, chunk, stopAfter, uploadUrl] = process.argv.slice(2)
const limit = Number(stopAfter) || Infinity
let sent = 0

function say(outcome) {
  console.log(JSON.stringify({ outcome, url: upload.url, sent }))
}

const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  uploadUrl: uploadUrl || null,
  uploadSize: fs.statSync(file).size,
  chunkSize: Number(chunk),
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: path.basename(file), filetype: 'image/jpeg' },
  retryDelays: [0, 200, 500, 1000, 2000],
  onError(error) {
    console.error(String(error))
    process.exit(1)
  },
  onChunkComplete(size, accepted) {
    sent += size
    if (accepted >= limit) {
      upload.abort().then(() => {
        say('stopped')
        process.exit(0)
      })
    }
  },
  onSuccess() {
    say('done')
  },
})

upload.start()
