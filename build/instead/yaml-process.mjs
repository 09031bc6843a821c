// yaml prints every token of what it reads where LOG_TOKENS or LOG_STREAM is set: a kubeconfig holds credentials.
export const env = {};
export const emitWarning = process.emitWarning;
