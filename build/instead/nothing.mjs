// Of a module that is loaded and never used.
export {};
