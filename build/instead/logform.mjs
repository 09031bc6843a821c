// All that winston itself asks of logform: to note the colours of levels, which nothing here uses.
export const levels = (config) => config;
