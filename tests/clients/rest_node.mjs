// Camunda's own JavaScript client (npm `@camunda8/orchestration-cluster-api`, 9.x) against a
// Fermata server, with the client's check of every answer against its schemas switched on.
//
//     node rest_node.mjs http://localhost:8080
//
// Prints what it checked; exits with 1 at the first thing that is not as expected. The package is
// looked for as usual, and in CLIENT_MODULES (a node_modules directory) if that is set.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const modules = process.env.CLIENT_MODULES;
const home = modules ? pathToFileURL(path.join(path.resolve(modules), 'x.js')) : import.meta.url;
const { createCamundaClient } = createRequire(home)('@camunda8/orchestration-cluster-api');

const address = process.argv[2];
if (!address) {
  console.error('usage: node rest_node.mjs http://localhost:8080');
  process.exit(2);
}

// Every run has its own process, job type and message: a server may be used again.
const run = randomUUID().slice(0, 8);
const model = `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="http://example.com">
  <bpmn:message id="m1" name="paid-${run}">
    <bpmn:extensionElements><zeebe:subscription correlationKey="= order" /></bpmn:extensionElements>
  </bpmn:message>
  <bpmn:process id="order-${run}" name="Order" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="to-charge" sourceRef="start" targetRef="charge" />
    <bpmn:serviceTask id="charge" name="Charge the card">
      <bpmn:extensionElements>
        <zeebe:taskDefinition type="charge-${run}" retries="2" />
        <zeebe:taskHeaders><zeebe:header key="region" value="eu" /></zeebe:taskHeaders>
      </bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:sequenceFlow id="to-approve" sourceRef="charge" targetRef="approve" />
    <bpmn:userTask id="approve" name="Approve the order">
      <bpmn:extensionElements>
        <zeebe:userTask />
        <zeebe:assignmentDefinition candidateGroups="sales" />
      </bpmn:extensionElements>
    </bpmn:userTask>
    <bpmn:sequenceFlow id="to-paid" sourceRef="approve" targetRef="paid" />
    <bpmn:intermediateCatchEvent id="paid" name="Paid">
      <bpmn:messageEventDefinition messageRef="m1" />
    </bpmn:intermediateCatchEvent>
    <bpmn:sequenceFlow id="to-end" sourceRef="paid" targetRef="end" />
    <bpmn:endEvent id="end" />
  </bpmn:process>
</bpmn:definitions>`;

const client = createCamundaClient({
  config: {
    CAMUNDA_REST_ADDRESS: address,
    CAMUNDA_AUTH_STRATEGY: 'NONE',
    CAMUNDA_SDK_VALIDATION: 'req:strict,res:strict',
    CAMUNDA_SDK_LOG_LEVEL: 'error',
  },
});
// Reads see what was written before them: the first answer must do.
const now = { consistency: { waitUpToMs: 0 } };

function check(what, found, expected) {
  assert.deepEqual(found, expected, `${what}: ${JSON.stringify(found)}`);
  console.log(`ok ${what}`);
}

async function refused(what, status, call) {
  const found = await call().then(() => undefined, (problem) => problem);
  assert.ok(found, `${what}: expected it to be refused`);
  assert.equal(found.status ?? found.response?.status, status, `${what}: ${found}`);
  console.log(`ok ${what} (${status})`);
}

/** What crosses shards takes a moment. */
async function eventually(ask, fits) {
  for (let tries = 0; tries < 500; tries += 1) {
    const found = await ask().catch(() => undefined);
    if (found !== undefined && fits(found)) return found;
  }
  throw new Error('it did not come about');
}

async function deploy() {
  const file = new File([model], 'order.bpmn', { type: 'application/xml' });
  const deployed = await client.createDeployment({ resources: [file] });
  const process = deployed.deployments[0].processDefinition;
  check('deploy', process.processDefinitionVersion, 1);
  const processDefinitionKey = process.processDefinitionKey;
  const one = await client.getProcessDefinition({ processDefinitionKey }, now);
  check('definition', one.name, 'Order');
  const xml = await client.getProcessDefinitionXml({ processDefinitionKey }, now);
  check('model', xml, model);
  const filter = { processDefinitionId: `order-${run}`, isLatestVersion: true };
  const found = await client.searchProcessDefinitions({ filter }, now);
  check('search definitions', found.page.totalItems, 1);
  return processDefinitionKey;
}

function create(more) {
  const variables = { order: run, total: 12.5 };
  return client.createProcessInstance({ processDefinitionId: `order-${run}`, variables, ...more });
}

async function instances() {
  const created = await create({ tags: ['vip'] });
  check('create', created.tags, ['vip']);
  const other = await create({});
  const processInstanceKey = other.processInstanceKey;
  await client.cancelProcessInstance({ processInstanceKey });
  const ended = await client.getProcessInstance({ processInstanceKey }, now);
  check('cancel', ended.state, 'TERMINATED');
  await refused('create what is not deployed', 404, () =>
    client.createProcessInstance({ processDefinitionId: 'nothing' }));
  await refused('wait for a result that does not come', 504, () =>
    create({ awaitCompletion: true, requestTimeout: 50 }));
  return created.processInstanceKey;
}

async function jobs(processInstanceKey) {
  const type = `charge-${run}`;
  const ask = { type, worker: 'w', timeout: 60_000, maxJobsToActivate: 5, requestTimeout: 5_000 };
  const leased = (await client.activateJobs(ask)).jobs;
  const job = leased.find((one) => one.processInstanceKey === processInstanceKey);
  check('activate', job.variables, { order: run, total: 12.5 });
  check('headers', job.customHeaders.region, 'eu');
  const { jobKey } = job;
  const found = await client.searchJobs({ filter: { type, processInstanceKey } }, now);
  check('search jobs', found.items[0].jobKey, jobKey);
  await client.updateJob({ jobKey, changeset: { retries: 5, timeout: 30_000 } });
  await client.failJob({ jobKey, retries: 0, errorMessage: 'busy' });
  const open = await client.searchIncidents({ filter: { processInstanceKey } }, now);
  check('incident', open.items[0].errorType, 'JOB_NO_RETRIES');
  await client.updateJob({ jobKey, changeset: { retries: 1 } });
  const { incidentKey } = open.items[0];
  await client.resolveIncident({ incidentKey });
  check('resolve', (await client.getIncident({ incidentKey }, now)).state, 'RESOLVED');
  const again = (await client.activateJobs(ask)).jobs;
  check('activate again', again.map((one) => one.jobKey), [jobKey]);
  await client.completeJob({ jobKey, variables: { charged: true } });
  await refused('complete twice', 404, () => client.completeJob({ jobKey }));
}

async function tasks(processInstanceKey) {
  const filter = { processInstanceKey, state: 'CREATED' };
  const found = await client.searchUserTasks({ filter }, now);
  check('search tasks', found.items[0].candidateGroups, ['sales']);
  const { userTaskKey, elementInstanceKey } = found.items[0];
  const get = () => client.getUserTask({ userTaskKey }, now);
  await client.assignUserTask({ userTaskKey, assignee: 'ann' });
  check('assign', (await get()).assignee, 'ann');
  await refused('assign what is taken', 409, () =>
    client.assignUserTask({ userTaskKey, assignee: 'bob', allowOverride: false }));
  await client.unassignUserTask({ userTaskKey });
  check('unassign', (await get()).assignee, null);
  await client.updateUserTask({
    userTaskKey,
    changeset: { priority: 80, dueDate: '2030-01-02T03:04:05Z' },
  });
  check('update', (await get()).priority, 80);
  const variables = { note: 'x' };
  await client.createElementInstanceVariables({ elementInstanceKey, variables, local: true });
  const all = await client.searchUserTaskVariables({ userTaskKey }, now);
  check('variables of a task', all.page.totalItems, 4);
  await client.completeUserTask({ userTaskKey, variables: { approved: true } });
  check('complete', (await get()).state, 'COMPLETED');
}

async function messages(processInstanceKey) {
  const published = await client.publishMessage({
    name: `other-${run}`, correlationKey: 'k', timeToLive: 1_000, messageId: run,
  });
  check('publish', /^\d+$/.test(published.messageKey), true);
  const correlated = await eventually(
    () => client.correlateMessage({ name: `paid-${run}`, correlationKey: run }),
    () => true,
  );
  check('correlate', correlated.processInstanceKey, processInstanceKey);
  const ended = await eventually(
    () => client.getProcessInstance({ processInstanceKey }, now),
    (found) => found.state !== 'ACTIVE',
  );
  check('end', ended.state, 'COMPLETED');
}

async function history(processInstanceKey) {
  const filter = { processDefinitionId: { $like: `order-${run}` }, state: 'COMPLETED' };
  const page = { limit: 10 };
  const sort = [{ field: 'startDate', order: 'DESC' }];
  const found = await client.searchProcessInstances({ filter, page, sort }, now);
  check('search instances', found.items.map((one) => one.processInstanceKey), [processInstanceKey]);
  const elements = await client.searchElementInstances({ filter: { processInstanceKey } }, now);
  check('search elements', elements.items.map((one) => one.type), ['PROCESS', 'START_EVENT',
    'SERVICE_TASK', 'USER_TASK', 'INTERMEDIATE_CATCH_EVENT', 'END_EVENT']);
  const named = { processInstanceKey, name: 'approved' };
  const variables = await client.searchVariables({ filter: named }, now);
  check('search variables', variables.items[0].value, 'true');
  const { variableKey } = variables.items[0];
  check('variable', (await client.getVariable({ variableKey }, now)).name, 'approved');
  const counted = await client.getProcessInstanceStatistics({ processInstanceKey }, now);
  check('statistics', counted.items.length, 5);
  const flows = await client.getProcessInstanceSequenceFlows({ processInstanceKey }, now);
  check('flows', flows.items.length, 4);
  const callers = await client.getProcessInstanceCallHierarchy({ processInstanceKey }, now);
  check('call hierarchy', callers.length, 1);
  const incidents = await client.searchProcessInstanceIncidents({ processInstanceKey }, now);
  check('incidents of an instance', incidents.items[0].state, 'RESOLVED');
}

/** Starts in the middle, is modified and migrated; then everything is deleted. */
async function changes(definition) {
  const { processInstanceKey } = await create({ startInstructions: [{ elementId: 'approve' }] });
  const at = async (elementId) => {
    const filter = { processInstanceKey, elementId, state: 'ACTIVE' };
    return (await client.searchElementInstances({ filter }, now)).items;
  };
  const [approve] = await at('approve');
  check('start instruction', approve.type, 'USER_TASK');
  await client.modifyProcessInstance({
    processInstanceKey,
    activateInstructions: [{ elementId: 'charge' }],
    terminateInstructions: [{ elementInstanceKey: approve.elementInstanceKey }],
  });
  check('modification', [(await at('approve')).length, (await at('charge')).length], [0, 1]);
  const migrate = (sourceElementId) => client.migrateProcessInstance({
    processInstanceKey,
    targetProcessDefinitionKey: definition,
    mappingInstructions: [{ sourceElementId, targetElementId: 'charge' }],
  });
  await refused('migration of what is not there', 400, () => migrate('nothing'));
  await migrate('charge');
  check('migration', (await at('charge')).length, 1);
  const brief = await create({
    runtimeInstructions: [{ type: 'TERMINATE_PROCESS_INSTANCE', afterElementId: 'start' }],
  });
  const over = await client.getProcessInstance({ processInstanceKey: brief.processInstanceKey }, now);
  check('runtime instruction', over.state, 'TERMINATED');
  const evaluated = await client.evaluateConditionals({ variables: { nothing: run } });
  check('conditions', evaluated.processInstances, []);
  await refused('deletion of what lives', 409, () =>
    client.deleteProcessInstance({ processInstanceKey }));
  await client.cancelProcessInstance({ processInstanceKey });
  await client.deleteProcessInstance({ processInstanceKey });
  await refused('what is deleted', 404, () => client.getProcessInstance({ processInstanceKey }, now));
  const gone = await client.deleteResource({ resourceKey: definition });
  check('deletion of a definition', gone.resourceKey, definition);
  await refused('start of what is deleted', 404, () => create({}));
}

/** The client's own worker, on an instance of its own. */
async function worker() {
  const { processInstanceKey } = await create({});
  const done = new Promise((resolve) => {
    const started = client.createJobWorker({
      jobType: `charge-${run}`,
      workerName: 'node',
      maxParallelJobs: 4,
      jobTimeoutMs: 30_000,
      jobHandler: async (job) => {
        const receipt = await job.complete({ charged: 'by the worker' });
        if (job.processInstanceKey === processInstanceKey) resolve(started);
        return receipt;
      },
    });
  });
  (await done).stop();
  const found = await client.searchUserTasks({ filter: { processInstanceKey } }, now);
  check('worker', found.page.totalItems, 1);
}

try {
  const topology = await client.getTopology();
  check('topology', topology.partitionsCount, topology.brokers[0].partitions.length);
  check('authentication', (await client.getAuthentication()).canLogout, false);
  check('license', (await client.getLicense()).isCommercial, false);
  const definition = await deploy();
  const instance = await instances();
  await jobs(instance);
  await tasks(instance);
  await messages(instance);
  await history(instance);
  await worker();
  await changes(definition);
  console.log('all is well');
  // A poll of the stopped worker may still be under way.
  process.exit(0);
} catch (error) {
  console.error('FAILED', error);
  process.exit(1);
}
