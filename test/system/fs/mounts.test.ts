import { describe, expect, it } from 'vitest';
import { mountOf, parseMounts, storageOf } from '../../../src/system/fs/mounts.ts';

/** Of a container with a volume of each kind. */
const CONTAINER = `611 457 0:56 / / rw,relatime master:241 - overlay overlay rw,lowerdir=/l/A:/l/B,upperdir=/d/u,workdir=/d/w
612 611 0:58 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
613 611 0:59 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755
620 611 0:53 / /var/run/wx rw,relatime - tmpfs tmpfs rw,size=1024k
621 611 0:61 /exports/state /var/lib/wx rw,relatime shared:5 master:2 - nfs4 192.0.2.7:/exports/state rw,vers=4.2,rsize=1048576
622 611 0:50 / /etc/wx-token ro,relatime - tmpfs tmpfs rw,size=16380k
623 611 259:1 /home/me/app.secret /run/secrets/app.secret rw,relatime - ext4 /dev/nvme0n1p1 rw,errors=remount-ro
624 611 259:1 /srv/a\\040b\\134c /srv/a\\040b\\134c rw,relatime - xfs /dev/sdb1 ro,attr2`;

function holder(path: string, table = CONTAINER) {
  const mount = mountOf(parseMounts(table), path);
  return mount && { point: mount.point, storage: storageOf(mount.type), readOnly: mount.readOnly };
}

describe('mounts of paths', () => {
  it.for([
    ['/opt/app/token', { point: '/', storage: 'layer', readOnly: false }],
    ['/var/run/wx', { point: '/var/run/wx', storage: 'memory', readOnly: false }],
    ['/var/run/wx/shop/token', { point: '/var/run/wx', storage: 'memory', readOnly: false }],
    ['/var/run/wx-other', { point: '/', storage: 'layer', readOnly: false }],
    ['/var/lib/wx/requests', { point: '/var/lib/wx', storage: 'network', readOnly: false }],
    ['/etc/wx-token/shop.secret', { point: '/etc/wx-token', storage: 'memory', readOnly: true }],
    // The file itself is the mount, its folder is not.
    ['/run/secrets/app.secret', { point: '/run/secrets/app.secret', storage: 'disk', readOnly: false }],
    ['/run/secrets', { point: '/', storage: 'layer', readOnly: false }],
    // Blanks and backslashes are written as octals; a file system can be read-only although the mount is not.
    ['/srv/a b\\c/x', { point: '/srv/a b\\c', storage: 'disk', readOnly: true }],
  ] as const)('the mount that holds %s is found', ([path, expected]) => {
    expect(holder(path)).toEqual(expected);
  });

  it('the topmost of several mounts at one place counts', () => {
    const table = `1 0 8:1 / / rw - ext4 /dev/sda1 rw
2 1 0:40 / /data rw - nfs4 192.0.2.7:/data rw
3 2 0:41 / /data rw - tmpfs none rw`;
    expect(holder('/data/token', table)?.storage).toBe('memory');
  });

  it('a mount that is hidden below a later mount does not count', () => {
    const table = `1 0 8:1 / / rw - ext4 /dev/sda1 rw
2 1 0:40 / /data/deep rw - tmpfs none rw
3 1 0:41 / /data rw - nfs4 192.0.2.7:/data rw`;
    expect(holder('/data/deep/token', table)).toMatchObject({ point: '/data', storage: 'network' });
  });

  it.for(['', 'garbage\n\n', '1 0 8:1 / / rw ext4'])(
    'the mount is unknown when the mount table says %j',
    (table) => {
      expect(holder('/data', table)).toBeUndefined();
    },
  );
});

describe('storage by file system type', () => {
  it.for([
    ['tmpfs', 'memory'],
    ['ramfs', 'memory'],
    ['overlay', 'layer'],
    ['fuse.fuse-overlayfs', 'layer'],
    ['ext4', 'disk'],
    ['xfs', 'disk'],
    ['fuseblk', 'disk'],
    ['nfs', 'network'],
    ['nfs4', 'network'],
    ['cifs', 'network'],
    ['9p', 'network'],
    ['virtiofs', 'network'],
    ['fuse.glusterfs', 'network'],
  ] as const)('a file system of type %s counts as %s storage', ([type, storage]) => {
    expect(storageOf(type)).toBe(storage);
  });
});
