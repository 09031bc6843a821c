import { meeting } from './meeting.ts';

export default meeting(['test/coordination/{cluster,lease}/*.test.ts', 'test/codec/*.test.ts']);
