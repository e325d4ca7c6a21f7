//! Which version a call activity calls, while others are deployed and deleted.

use base::{Command, IncidentKind};

use crate::calls::{CHILD, caller, in_every_world, incident};
use crate::{line, model_of, service};

#[test]
fn the_version_is_looked_up_as_the_binding_says() {
    in_every_world(|world| {
        let version = |tag: &str, job: &str| {
            let tag = format!(
                r#"<bpmn:extensionElements><zeebe:versionTag value="{tag}"/></bpmn:extensionElements>"#
            );
            model_of("child", &(tag + &line(&[(job, &service(job))])))
        };
        let bound = format!(r#"{CHILD} bindingType="deployment""#);
        let tagged = format!(r#"{CHILD} bindingType="versionTag" versionTag="good""#);
        world.deploy(&[&caller("p", &bound, "", ""), &version("old", "one")]).unwrap();
        world.deploy(&[&caller("q", &tagged, "", ""), &version("good", "two")]).unwrap();
        world.deploy(&[&caller("r", CHILD, "", ""), &version("new", "three")]).unwrap();
        for (process, job) in [("p", "one"), ("q", "two"), ("r", "three")] {
            let parent = world.create(process, "{}");
            let job = world.job(job);
            assert_eq!(job.root, parent);
            world.complete(job.job, "{}").unwrap();
            let after = world.job("after").job;
            world.complete(after, "{}").unwrap();
        }
        // The same child with a new caller is a new version: it is of that deployment.
        let second = caller("p", &format!("{bound} versionTag=\"\""), "", "");
        let deployed = world.deploy(&[&second, &version("old", "one")]).unwrap();
        assert_eq!(deployed[1].version, 4);
        world.create("p", "{}");
        let job = world.job("one");
        assert_eq!(job.definition, deployed[1].key);

        world.deploy(&[&caller("alone", &bound, "", "")]).unwrap();
        let parent = world.create("alone", "{}");
        let (_, kind, message) = incident(world, parent);
        assert_eq!(kind, IncidentKind::CalledElementError);
        assert!(message.contains("in the deployment of its caller"), "{message}");
        world.deploy(&[&caller("alone", &tagged.replace("good", "better"), "", "")]).unwrap();
        let parent = world.create("alone", "{}");
        assert!(incident(world, parent).2.contains("the version tag `better`"));
    });
}

/// Both files are those of the latest versions, but the two came one by one.
#[test]
fn a_caller_is_deployed_anew_when_what_it_is_bound_to_did_not_come_with_it() {
    in_every_world(|world| {
        let bound = caller("p", &format!(r#"{CHILD} bindingType="deployment""#), "", "");
        let child = |job: &str| model_of("child", &line(&[(job, &service(job))]));
        let first = world.deploy(&[&child("one"), &bound]).unwrap();
        world.deploy(&[&child("two")]).unwrap();
        world.deploy(&[&child("one")]).unwrap();
        world.command(Command::DeleteResource { resource: first[0].key.0 }).unwrap();
        let again = world.deploy(&[&child("one"), &bound]).unwrap();
        assert_eq!((again[0].version, again[1].version), (4, 2));
        let parent = world.create("p", "{}");
        let job = world.job("one");
        assert_eq!((job.root, job.definition), (parent, again[0].key));
        // And now they have come together.
        assert_eq!(world.deploy(&[&child("one"), &bound]).unwrap(), again);
    });
}
