/** A certificate whose dates do not fit what the clock of this machine says. */
export type DateFault = 'not-yet-valid' | 'expired';

/**
 * Explains a certificate that is refused for its dates. The dates are compared with the clock of this machine, which
 * is the first suspect: machines without a battery begin in 1970.
 * @param wall what this machine's clock says, epoch ms
 */
export function aboutDates(
  fault: DateFault,
  wall: number,
): { readonly what: string; readonly advice: string } {
  const now = `${new Date(wall).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return fault === 'not-yet-valid'
    ? {
        what: `its certificate is not valid yet by the clock of this machine, which says ${now}`,
        advice: 'set the clock of this machine (NTP, chrony): the certificate is most likely good',
      }
    : {
        what: `its certificate has expired by the clock of this machine, which says ${now}`,
        advice:
          'look at the clock of this machine first (NTP, chrony); if it is right, whoever serves there must renew the ' +
          'certificate, or something stands in between',
      };
}
