//! Every name, number and type of `proto/` equals the fact table, and the table misses none.

use std::collections::BTreeSet;

use fermata_proto as proto;
use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodOptions,
    ServiceDescriptorProto, field_descriptor_proto::Label,
};

const FACTS: &str = include_str!("../../testdata/facts.tsv");

#[test]
fn every_name_number_and_type_equals_the_public_facts() {
    let ours: BTreeSet<String> = files().iter().flat_map(lines).collect();
    let facts: BTreeSet<String> =
        FACTS.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    assert!(facts.len() > 200, "the fact table has only {} rows", facts.len());

    let missing: Vec<_> = facts.difference(&ours).collect();
    let extra: Vec<_> = ours.difference(&facts).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:#?}\nextra: {extra:#?}");
}

#[test]
fn a_job_is_laid_out_on_the_wire_as_workers_expect() {
    let job = proto::gateway::ActivatedJob {
        key: 1,
        r#type: "t".into(),
        deadline: 300,
        variables: "{}".into(),
        ..Default::default()
    };
    let bytes = [
        0x08, 1, // 1, varint: key
        0x12, 1, b't', // 2, bytes: type
        0x60, 0xac, 0x02, // 12, varint: deadline
        0x6a, 2, b'{', b'}', // 13, bytes: variables
    ];
    assert_eq!(job.encode_to_vec(), bytes);
}

#[test]
fn a_field_from_a_newer_client_is_skipped() {
    let mut bytes =
        proto::gateway::CompleteJobRequest { job_key: 7, variables: "{}".into(), result: None }
            .encode_to_vec();
    bytes.extend([0x9a, 0x06, 2, 0x08, 1]); // 99, bytes
    let decoded = proto::gateway::CompleteJobRequest::decode(bytes.as_slice()).unwrap();
    let same =
        proto::gateway::CompleteJobRequest { job_key: 7, variables: "{}".into(), result: None };
    assert_eq!(decoded, same);
}

fn files() -> Vec<FileDescriptorProto> {
    FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap().file
}

fn lines(file: &FileDescriptorProto) -> Vec<String> {
    let mut lines = Vec::new();
    for message in &file.message_type {
        message_lines(file.package(), message.name(), message, &mut lines);
    }
    for service in &file.service {
        service_lines(file.package(), service, &mut lines);
    }
    assert!(file.enum_type.is_empty(), "teach this test about enums at the top");
    lines
}

fn message_lines(package: &str, path: &str, message: &DescriptorProto, lines: &mut Vec<String>) {
    if message.field.is_empty() {
        lines.push(row(&["field", package, path, "-", "0", "-"]));
    }
    for field in &message.field {
        let kind = match field.type_name() {
            "" => field.r#type().as_str_name().trim_start_matches("TYPE_").to_lowercase(),
            name => local(package, name),
        };
        let label = match (field.label(), field.proto3_optional(), field.oneof_index) {
            (Label::Repeated, _, _) => "repeated".to_owned(),
            (_, true, _) => "optional".to_owned(),
            (_, false, Some(index)) => {
                format!("oneof:{}", message.oneof_decl[usize::try_from(index).unwrap()].name())
            }
            (_, false, None) => String::new(),
        };
        let number = field.number().to_string();
        lines.push(row(&["field", package, path, field.name(), &number, &kind, &label]));
    }
    for nested in &message.nested_type {
        message_lines(package, &format!("{path}.{}", nested.name()), nested, lines);
    }
    for nested in &message.enum_type {
        enum_lines(package, &format!("{path}.{}", nested.name()), nested, lines);
    }
}

fn enum_lines(package: &str, path: &str, of: &EnumDescriptorProto, lines: &mut Vec<String>) {
    for value in &of.value {
        lines.push(row(&["enum", package, path, value.name(), &value.number().to_string()]));
    }
}

fn service_lines(package: &str, service: &ServiceDescriptorProto, lines: &mut Vec<String>) {
    for method in &service.method {
        assert!(!method.client_streaming(), "no method here takes a stream");
        lines.push(row(&[
            "rpc",
            package,
            service.name(),
            method.name(),
            &local(package, method.input_type()),
            &local(package, method.output_type()),
            if method.server_streaming() { "stream" } else { "" },
            if method.options.as_ref().is_some_and(MethodOptions::deprecated) {
                "deprecated"
            } else {
                ""
            },
        ]));
    }
}

/// `.package.Message` as the table writes it: `Message`.
fn local(package: &str, name: &str) -> String {
    name.strip_prefix(&format!(".{package}.")).expect("a type of the same package").to_owned()
}

fn row(cells: &[&str]) -> String {
    cells.join("\t").trim_end_matches('\t').to_owned()
}
