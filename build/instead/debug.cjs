// It prints what it is given where DEBUG of the environment says so: ioredis gives it commands with their arguments, and
// those are tokens and passwords.
const silent = () => Object.assign(() => {}, { enabled: false });
module.exports = Object.assign(silent, { default: silent });
