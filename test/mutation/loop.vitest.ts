import { meeting } from './meeting.ts';

export default meeting(['test/loop/*.test.ts']);
