//! What a model says about data: objects, stores, and which activity reads or writes them.
//!
//! Absent: behaviour. Variables are no data objects; this is for people, lint and policies.

use base::Text;

use crate::place::Place;

/// The data of a process.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Data {
    /// Data objects and references to objects and stores, in the order of the file.
    pub objects: Vec<DataObject>,
    /// What activities and events read and write, by element.
    pub associations: Vec<Association>,
    /// References that lead nowhere.
    pub dangling: Vec<Dangling>,
}

/// A data object, or a reference to one or to a store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataObject {
    /// `id` in the model.
    pub id: Text,
    /// Its name; that of what it refers to if it has none.
    pub name: Option<Text>,
    /// What it is.
    pub kind: DataKind,
    /// There are several (`isCollection`), of itself or of the object that it refers to.
    pub collection: bool,
    /// The object or store that a reference stands for.
    pub refers_to: Option<Text>,
    /// The process or sub-process that it stands in.
    pub scope: u32,
    /// Where it stands in the file.
    pub place: Place,
}

/// What an element of data is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DataKind {
    /// `dataObject`
    Object,
    /// `dataObjectReference`
    ObjectReference,
    /// `dataStoreReference`
    StoreReference,
}

/// Which way data goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Into the element: `dataInputAssociation`.
    Input,
    /// Out of the element: `dataOutputAssociation`.
    Output,
}

/// One data association.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Association {
    /// The activity or event.
    pub element: u32,
    /// Which way.
    pub direction: Direction,
    /// Ids of what is read, as they are written.
    pub sources: Vec<Text>,
    /// Id of what is written.
    pub target: Option<Text>,
    /// Where it stands in the file.
    pub place: Place,
}

/// A reference to data that leads nowhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dangling {
    /// The element that has it: an activity, or the scope of a reference.
    pub element: u32,
    /// The name of the attribute or element that refers.
    pub by: Text,
    /// The id that does not exist.
    pub id: Text,
    /// Where it stands in the file.
    pub place: Place,
}

impl Data {
    /// The object or reference with this id.
    pub fn object(&self, id: &str) -> Option<&DataObject> {
        self.objects.iter().find(|object| object.id == *id)
    }

    /// What this element reads and writes.
    pub fn of(&self, element: u32) -> impl Iterator<Item = &Association> {
        let from = self.associations.partition_point(|one| one.element < element);
        self.associations[from..].iter().take_while(move |one| one.element == element)
    }
}
