/** Long enough for a slow answer, short enough for the five seconds in which a stop is over; ms. */
export const LAST_ANSWER = 3_500;
