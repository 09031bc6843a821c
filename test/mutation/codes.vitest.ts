import { meeting } from './meeting.ts';

export default meeting(['test/core/errcode*.test.ts']);
