import { describe, expect, it } from 'vitest';
import { ridTimeText, timeOfRid } from '../../src/core/rid.ts';

describe('the time in a request id', () => {
  it.for([
    ['632702ca-0a1b2c3d-4e5f6a7b', '2022-09-18T11:36:42Z'],
    ['6425d22a-0a1b2c3d-4e5f6a7b', '2023-03-30T18:17:14Z'],
    ['6425D22A-0A1B2C3D-4E5F6A7B', '2023-03-30T18:17:14Z'],
  ] as const)('the first eight digits of %s are the second of the request', ([rid, time]) => {
    expect(ridTimeText(rid)).toBe(time);
    expect(timeOfRid(rid)).toBe(Date.parse(time));
  });

  it.for(['6a-7b', '', '6425d22a', '6425d22a-0a1b2c3d', '00000000-0a1b2c3d-4e5f6a7b', '5018-1111-2222'])(
    'an id like %j tells no time',
    (rid) => {
      expect(timeOfRid(rid)).toBeUndefined();
      expect(ridTimeText(rid)).toBeUndefined();
    },
  );
});
