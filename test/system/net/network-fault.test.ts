import { describe, expect, it } from 'vitest';
import { networkFault } from '../../../src/system/net/network-fault.ts';

function failing(code: string, message = ''): Error {
  return Object.assign(new Error(message), { code });
}

describe('network errors', () => {
  it.for([
    ['EAI_AGAIN', 'dns'],
    ['ECONNREFUSED', 'refused'],
    ['ENETUNREACH', 'unreachable'],
    ['ECONNRESET', 'cut'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'no-tls'],
    ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'no-tls'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'handshake'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'handshake'],
    ['EPROTO', 'handshake'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'untrusted'],
    ['CERT_HAS_EXPIRED', 'expired'],
    ['CERT_NOT_YET_VALID', 'not-yet-valid'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'untrusted'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'untrusted'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'untrusted'],
    ['E_OF_TOMORROW', 'other'],
  ] as const)('the error code %s is classed as %s', ([code, fault]) => {
    expect(networkFault(failing(code))).toEqual({ fault, key: code });
  });

  it('a timeout without a code in words is recognised by its name', () => {
    const tooLate = new DOMException('too late', 'TimeoutError');
    expect(networkFault(tooLate)).toEqual({ fault: 'too-late', key: 'TimeoutError' });
  });

  it('a proxy that opens no tunnel is recognised by the error message', () => {
    const said = failing('UND_ERR_ABORTED', 'Proxy response (403) !== 200 when HTTP Tunneling');
    expect(networkFault(said)).toEqual({ fault: 'no-tunnel', key: 'UND_ERR_ABORTED', status: 403 });
  });
});
