import { HOUR } from '../../core/time.ts';
import { HISTORY_HOURS, type HourOfHistory } from './history.ts';
import { type Html, html } from './page-style.ts';
import type { PageTexts } from './page-texts.ts';

/** Width of one hour, in units of the viewBox. */
const SLOT = 10;
const WIDTH = HISTORY_HOURS * SLOT;

/**
 * Bars of successful calls stand on the axis and bars of failed calls hang from it, so that readers need not tell the
 * colours apart.
 */
const AXIS = 34;
const UP = 32;
const DOWN = 14;
const HEIGHT = AXIS + DOWN;

/** Renders the results of the calls of the last 24 hours, as a small chart and in words. */
export function historyChart(hours: readonly HourOfHistory[], wall: number, texts: PageTexts): Html {
  const [refreshed, failed] = [total(hours, 'refreshed'), total(hours, 'failed')];
  const [mostRefreshed, mostFailed] = [most(hours, 'refreshed'), most(hours, 'failed')];
  const current = Math.floor(wall / HOUR) * HOUR;
  const bars = hours.map(({ at, ...counts }) => {
    const x = (HISTORY_HOURS - 1 - (current - at) / HOUR) * SLOT;
    const [up, down] = [height(counts.refreshed, mostRefreshed, UP), height(counts.failed, mostFailed, DOWN)];
    return html`<g data-from="${new Date(at).toISOString()}"><title>${clock(at)}&ndash;${clock(at + HOUR)} UTC: ${inWords(counts.refreshed, counts.failed, texts)}</title><rect class="hit" x="${x}" width="${SLOT}" height="${HEIGHT}"/><rect class="done" x="${x + 1}" y="${AXIS - up}" width="${SLOT - 2}" height="${up}"/><rect class="failed" x="${x + 1}" y="${AXIS + 1}" width="${SLOT - 2}" height="${down}"/></g>`;
  });
  const words = inWords(refreshed, failed, texts);
  return html`<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${texts.chart(words)}"><path class="axis" d="M0 ${AXIS}.5H${WIDTH}"/>${bars}</svg><figcaption><span>${texts.hoursAgo}</span><span>${words}</span><span>${texts.now}</span></figcaption></figure>`;
}

function inWords(refreshed: number, failed: number, texts: PageTexts): string {
  return refreshed + failed === 0 ? texts.noCalls : texts.counts(refreshed, failed);
}

function clock(epoch: number): string {
  return new Date(epoch).toISOString().slice(11, 16);
}

function total(hours: readonly HourOfHistory[], of: 'refreshed' | 'failed'): number {
  return hours.reduce((sum, hour) => sum + hour[of], 0);
}

function most(hours: readonly HourOfHistory[], of: 'refreshed' | 'failed'): number {
  return Math.max(1, ...hours.map((hour) => hour[of]));
}

/** Returns the height of a bar, which is visible for every count above zero. */
function height(count: number, mostOfAll: number, room: number): number {
  return count === 0 ? 0 : Math.max(3, Math.round((count / mostOfAll) * room));
}

/**
 * Renders the part of a token's life that is left.
 * @param part in [0, 1]
 */
export function lifeBar(part: number): Html {
  const width = part <= 0 ? 0 : Math.max(1, Math.round(part * 100));
  return html`<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" width="100" height="6"/><rect class="left" width="${Math.min(100, width)}" height="6"/></svg>`;
}
