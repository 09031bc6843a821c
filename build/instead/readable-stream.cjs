// What winston asks of readable-stream.
module.exports = require('node:stream');
