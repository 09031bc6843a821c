// What winston-transport asks of readable-stream.
module.exports = require('node:stream').Writable;
