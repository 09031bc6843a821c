/** Manifests of `k8s/`, as they are written there: build/bundle.mjs and vitest.config.ts take them in as text. */
declare module '*.yaml' {
  const text: string;

  export = text;
}
