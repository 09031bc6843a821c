// What undici's client asks of its parser's constants, which are otherwise a long table of methods, statuses and characters,
// made at every start.
exports.TYPE = { RESPONSE: 2 };
exports.ERROR = { OK: 0, PAUSED: 21, PAUSED_UPGRADE: 22 };
