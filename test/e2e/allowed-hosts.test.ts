import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { workbench } from './workbench.ts';

/** What `/livez` answers to a caller who uses that host name. */
function askAs(host: string, url: string): Promise<{ readonly status?: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/livez`, { headers: { host } }, async (answer) => {
      resolve({ ...(answer.statusCode && { status: answer.statusCode }), body: await text(answer) });
    });
    asked.on('error', reject).end();
  });
}

describe('host names of health and metrics', () => {
  it('the answer to an unknown name says which setting allows it, and the variable does', async (ctx) => {
    const bench = await workbench(ctx.onTestFinished);
    const daemon = bench.run({
      WXTOKEN_LISTEN: '127.0.0.1:0',
      WXTOKEN_ALLOWED_HOSTS: 'wx.example.com, Pod.example.com',
    });
    const { message } = await daemon.logged(/^health and metrics on /);
    const url = `http://${message.split(' ').at(-1)}`;
    for (const name of ['wx.example.com', 'pod.example.com']) {
      expect(await askAs(name, url)).toMatchObject({ status: 200 });
    }
    const refused = await askAs('other.example.com', url);
    expect(refused.status).toBe(421);
    expect(refused.body).toContain('http.allowedHosts (WXTOKEN_ALLOWED_HOSTS)');
  });
});
