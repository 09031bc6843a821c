// Loaded into an app under test: every https request goes to the platform of PLATFORM instead, a plain http URL. So an SDK
// that knows only WeChat's own hosts runs unchanged.
const http = require('node:http');
const https = require('node:https');
const { syncBuiltinESMExports } = require('node:module');
const { urlToHttpOptions } = require('node:url');

const platform = new URL(process.env.PLATFORM ?? '');

/** As `https.request`: a URL and options, or options alone; then perhaps a callback. */
function request(first, ...rest) {
  const isUrl = typeof first === 'string' || first instanceof URL;
  const fromUrl = isUrl ? urlToHttpOptions(new URL(first)) : first;
  const more = isUrl && typeof rest[0] === 'object' ? rest.shift() : {};
  const where = {
    protocol: 'http:',
    host: platform.hostname,
    hostname: platform.hostname,
    port: platform.port,
  };
  // An agent for https would refuse, and the name of WeChat's host is of no use here.
  return http.request({ ...fromUrl, ...more, ...where, agent: undefined, lookup: undefined }, ...rest);
}

https.request = request;
https.get = (...args) => {
  const made = request(...args);
  made.end();
  return made;
};
syncBuiltinESMExports();
