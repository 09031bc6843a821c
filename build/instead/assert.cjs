// What undici and signal-exit ask of node:assert, which itself comes once something is wrong: it is the twentieth part of a
// start on Node 24.
const onFailure = () => require('node:assert');

module.exports = function assert(...args) {
  if (!args[0]) onFailure()(...args);
};

module.exports.equal = (...args) => {
  const [actual, expected] = args;
  // biome-ignore lint/suspicious/noDoubleEquals: so does assert.equal
  if (actual != expected) onFailure().equal(...args);
};
