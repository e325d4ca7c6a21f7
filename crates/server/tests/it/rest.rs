//! REST over real sockets: every test runs against one shard and against three.

mod about;
mod ad_hoc;
mod calls;
mod changes;
mod client;
mod commands;
mod conditionals;
mod decisions;
mod deletion;
mod listeners;
mod refusals;
mod searches;
mod suspension;

/// A task for a worker, a task for a person, a message, then the end.
pub(crate) const ORDER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="http://example.com">
  <bpmn:message id="m1" name="paid">
    <bpmn:extensionElements><zeebe:subscription correlationKey="= order" /></bpmn:extensionElements>
  </bpmn:message>
  <bpmn:process id="order" name="Order" isExecutable="true">
    <bpmn:extensionElements><zeebe:versionTag value="stable" /></bpmn:extensionElements>
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="to-charge" sourceRef="start" targetRef="charge" />
    <bpmn:serviceTask id="charge" name="Charge the card">
      <bpmn:extensionElements>
        <zeebe:taskDefinition type="charge" retries="2" />
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
</bpmn:definitions>"#;
