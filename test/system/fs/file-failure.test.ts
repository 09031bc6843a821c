import { describe, expect, it } from 'vitest';
import { fileFailure } from '../../../src/system/fs/file-failure.ts';

function adviceFor(code: string, syscall: string): string | undefined {
  const error = Object.assign(new Error(`${code}: ${syscall}`), { code, syscall });
  return fileFailure('write', '/v/token', error).failure.advice;
}

describe('advice on file system errors', () => {
  it.each([
    ['chown', /member of/],
    ['fchown', /member of/],
    ['chmod', /set modes/],
    ['fchmod', /set modes/],
    ['rename', /sticky.*another user/],
    ['unlink', /sticky.*another user/],
    ['mkdir', /immutable.*another path/],
    ['open', /immutable.*another path/],
  ])('the advice on EPERM fits the system call %s', (syscall, expected) => {
    expect(adviceFor('EPERM', syscall)).toMatch(expected);
  });

  it.each(['chown', 'fchown'])(
    'the advice on EINVAL of %s is about the group that is not mapped',
    (syscall) => {
      expect(adviceFor('EINVAL', syscall)).toMatch(/user namespace does not map it.*gid_map/);
      expect(adviceFor('EINVAL', 'fsync')).toBeUndefined();
    },
  );

  it('the advice on EACCES is about the folder, whatever system call failed', () => {
    for (const syscall of ['open', 'mkdir', 'rename']) {
      expect(adviceFor('EACCES', syscall)).toMatch(/write permission on the folder/);
    }
  });

  it('the advice on ENOENT says that the folder is gone', () => {
    expect(adviceFor('ENOENT', 'open')).toMatch(/folder is gone.*create it/);
  });

  it('an error that nobody can fix has no advice but its whole message', () => {
    const error = Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', syscall: 'fsync' });
    const { failure } = fileFailure('write', '/v/token', error);
    expect(failure.advice).toBeUndefined();
    expect(failure.message).toBe('cannot write /v/token: EIO: i/o error, fsync');
  });
});
