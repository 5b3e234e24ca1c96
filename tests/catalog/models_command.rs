//! `lenscape models`, without the program around it.

use lenscape::commands::models;

use super::bench::{Bench, tiny_catalog};
use super::hub_server::HubServer;

fn table(bench: &Bench) -> Vec<String> {
    let mut out = Vec::new();
    models::list(&tiny_catalog(), &bench.places, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_table_marks_the_default_and_what_is_not_on_disk() {
    let lines = table(&Bench::offline());
    assert_eq!(lines[0], "  NAME  FAMILY  PARAMETERS    SIZE  ON DISK");
    assert_eq!(lines[1], "* tiny  llama        1.5 k  300 kB  no");
}

#[test]
fn the_table_says_where_a_pulled_model_is() {
    let server = HubServer::start();
    let bench = Bench::with_hub(&server.endpoint);
    let mut out = Vec::new();
    models::pull("tiny", &tiny_catalog(), &bench.places, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    let path = out.trim_end().strip_prefix("tiny: ").unwrap();
    assert!(std::path::Path::new(path).is_file());
    assert!(table(&bench)[1].ends_with(path));
}

#[test]
fn an_unknown_model_is_not_pulled() {
    let bench = Bench::offline();
    let error = models::pull("tinny", &tiny_catalog(), &bench.places, &mut Vec::new());
    let message = error.unwrap_err().to_string();
    assert!(message.ends_with("did you mean tiny?"), "{message}");
}
