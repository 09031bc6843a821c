import { it } from 'vitest';
import { LEAST, rendered } from '../k8s/helm.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { CHECK, expectChecked, expectToken, startApi, startedPod } from './built-pod.ts';
import { imageFor } from './engine.ts';

const ACCOUNTS = [{ name: 'main', type: 'stable-token', appId: TEST_ACCOUNT.appId }];

it('the refresher of the chart brings a token into its Secret, with the rights that the chart gives', async (context) => {
  await imageFor(context);
  const objects = await rendered({ ...LEAST, accounts: ACCOUNTS }, context);
  const pod = await startedPod(context, objects);
  const api = await startApi(pod, context, objects);
  const daemon = await pod.begun('wx-token', api.changes);
  await expectToken(pod, api, daemon, 'main');
  await expectChecked(daemon, CHECK);
});
