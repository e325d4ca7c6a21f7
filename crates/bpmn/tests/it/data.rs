//! Data objects, stores and associations of a model are kept in its graph.

use fermata_bpmn::{DataKind, Direction, lint::lint, read};

use super::harness::{flow, model};

const BODY: &str = r#"<startEvent id="s"/>
<dataObject id="o" name="Order" isCollection="true"/>
<dataObjectReference id="r" dataObjectRef="o"/><dataStoreReference id="st" name="Archive" dataStoreRef="ns:store"/>
<task id="t"><ioSpecification id="io"><dataInput id="in"/></ioSpecification>
<dataInputAssociation id="a"><sourceRef>r</sourceRef><sourceRef>st</sourceRef><targetRef>in</targetRef></dataInputAssociation>
<dataOutputAssociation id="b"><sourceRef>gone</sourceRef><targetRef>o</targetRef></dataOutputAssociation></task>
<subProcess id="sub"><startEvent id="is"/><dataObject id="inner" name="Note"/></subProcess>"#;

#[test]
fn data_is_kept_with_what_it_refers_to() {
    let text = model(&[BODY, &flow("s", "t"), &flow("t", "sub")].concat());
    let text = text.replacen("<process ", "<dataStore id=\"store\" name=\"Shelf\"/><process ", 1);
    // A start event in a sub-process has to lead somewhere.
    let text = text.replace("<startEvent id=\"is\"/>", "<startEvent id=\"is\"/><task id=\"it\"/><sequenceFlow id=\"if\" sourceRef=\"is\" targetRef=\"it\"/>");
    let model = read(&text).unwrap_or_else(|findings| panic!("{findings:#?}"));
    let process = &model.processes[0];
    let data = &process.data;
    let told = |id: &str| {
        let object = data.object(id).unwrap_or_else(|| panic!("{id}"));
        (object.kind, object.name.as_deref(), object.collection, object.scope)
    };
    let sub = process.node_by_id("sub").unwrap();
    assert_eq!(told("o"), (DataKind::Object, Some("Order"), true, 0));
    assert_eq!(told("r"), (DataKind::ObjectReference, Some("Order"), true, 0));
    assert_eq!(told("st"), (DataKind::StoreReference, Some("Archive"), false, 0));
    assert_eq!(told("inner"), (DataKind::Object, Some("Note"), false, sub));
    assert_eq!(data.object("st").and_then(|it| it.refers_to.as_deref()), Some("store"));

    let task = process.node_by_id("t").unwrap();
    let associations: Vec<_> = data.of(task).collect();
    assert_eq!(data.of(sub).count(), 0);
    let [input, output] = associations[..] else { panic!("{associations:#?}") };
    assert_eq!(input.direction, Direction::Input);
    assert_eq!(
        (input.sources.iter().map(|id| &**id).collect::<Vec<_>>(), input.target.as_deref()),
        (vec!["r", "st"], Some("in"))
    );
    assert_eq!((output.direction, output.target.as_deref()), (Direction::Output, Some("o")));

    let findings = lint(&model, &[]);
    let [finding] = &findings[..] else { panic!("{findings:#?}") };
    assert_eq!((finding.code, finding.element_id.as_deref()), ("B219", Some("t")));
    assert!(finding.message.contains("\"gone\""), "{finding}");
    assert!(
        text.lines().nth(finding.line as usize - 1).unwrap()[finding.column as usize - 1..]
            .starts_with("<sourceRef>gone")
    );
}
