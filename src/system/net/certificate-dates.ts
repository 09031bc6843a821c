import type { Text } from '../../core/text.ts';

/** A certificate whose dates do not fit what the clock of this machine says. */
export type DateFault = 'not-yet-valid' | 'expired';

/**
 * Explains a certificate that is refused for its dates. The dates are compared with the clock of this machine, which
 * is the first suspect: machines without a battery begin in 1970.
 * @param wall what this machine's clock says, epoch ms
 */
export function aboutDates(fault: DateFault, wall: number): { readonly what: Text; readonly advice: Text } {
  const now = `${new Date(wall).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return fault === 'not-yet-valid'
    ? {
        what: {
          en: `its certificate is not valid yet by the clock of this machine, which says ${now}`,
          zh: `按本机时钟（${now}），它的证书尚未生效`,
        },
        advice: {
          en: 'set the clock of this machine (NTP, chrony): the certificate is most likely good',
          zh: '校准本机的时钟（NTP、chrony）：证书多半没有问题',
        },
      }
    : {
        what: {
          en: `its certificate has expired by the clock of this machine, which says ${now}`,
          zh: `按本机时钟（${now}），它的证书已过期`,
        },
        advice: {
          en:
            'look at the clock of this machine first (NTP, chrony); if it is right, whoever serves there must renew the ' +
            'certificate, or something stands in between',
          zh: '先检查本机的时钟（NTP、chrony）；如果时钟是对的，就要请对方更换证书，或者中间有别的设备',
        },
      };
}
