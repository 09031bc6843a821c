// Nothing is forked.
export const fork = undefined;
