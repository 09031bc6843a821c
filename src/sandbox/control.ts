import { type ControlAnswer, type ControlRequest, type Controls, problem, RESOURCES } from './resources.ts';

/** Answers one control request. Problems are `{"error": …}` with 400, 404, 405 or 409. */
export function control(controls: Controls, request: ControlRequest): ControlAnswer {
  const [first = '', ...more] = request.segments;
  const name = first === 'accounts' && more.length === 1 ? 'accounts/APPID' : request.segments.join('/');
  const resource = Object.hasOwn(RESOURCES, name) ? RESOURCES[name] : undefined;
  if (!resource) return problem(404, `there is no ${name}; there is ${Object.keys(RESOURCES).join(', ')}`);
  const handler = Object.hasOwn(resource, request.method) ? resource[request.method] : undefined;
  if (!handler) return problem(405, `${name}: ${Object.keys(resource).join(', ')} only`);
  return handler(controls, request);
}
