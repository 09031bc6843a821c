import { SECOND } from './time.ts';

/** Calls for the accounts of one third party that may leave within {@link TURN_LIFE}: all daemons together. */
export const TURNS = 10;

/** A second, and what calls that left one after the other may come closer to each other on their way; ms. */
export const TURN_LIFE = SECOND + 100;

/** How soon to ask again for a turn when others have them all, ms. */
export const TURN_AGAIN = 100;
