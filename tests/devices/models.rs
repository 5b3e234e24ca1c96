//! Whole models on a device: every fixture gives the reference's figures there.

use lenscape::catalog::CheckpointFiles;
use lenscape::engine::Session;
use lenscape::model::device::{OpenDevices, Processor};
use lenscape::model::{self, Dequantisation, Dtype, Model};

use super::device;
use crate::golden::of_every_fixture;
use crate::published_weights::of_every_format;

fn loaded(files: &CheckpointFiles, devices: &OpenDevices, dequantisation: Dequantisation) -> Model {
    model::load_with(files, devices, Dtype::Auto, dequantisation, &|_, _| {}).unwrap()
}

fn session(
    files: &CheckpointFiles,
    devices: &OpenDevices,
    dequantisation: Dequantisation,
) -> Session {
    Session::new(loaded(files, devices, dequantisation), "test".into(), 5)
}

#[test]
fn every_fixture_gives_the_figures_of_its_reference_in_float32() {
    let devices = OpenDevices::one(device());
    of_every_fixture(|_, files, golden| {
        golden.check_in(session(files, &devices, Dequantisation::AtLoad));
    });
}

#[test]
fn every_format_of_published_weights_gives_the_figures_of_its_reference_as_it_is_stored() {
    let devices = OpenDevices::one(device());
    of_every_format(|_, files, golden| {
        golden.check_in(session(files, &devices, Dequantisation::AtUse));
    });
}

#[test]
fn a_model_on_two_devices_gives_the_figures_of_its_reference() {
    let both = [Processor::cpu(), device()];
    of_every_fixture(|name, files, golden| {
        let blocks = model::describe(files, Dtype::Auto)
            .unwrap()
            .spec
            .blocks
            .len();
        let devices = OpenDevices {
            on_the_last: Some(blocks.div_ceil(2)),
            ..OpenDevices::all(both.to_vec())
        };
        let session = session(files, &devices, Dequantisation::AtLoad);
        let stages = session.model().placement.stages().count();
        assert!(stages == 2 || blocks == 1, "{name} has {blocks} blocks");
        golden.check_in(session);
    });
}

#[test]
fn several_cards_share_the_blocks() {
    let devices = OpenDevices::all(vec![device(), device()]);
    let files = CheckpointFiles::Folder(crate::reference::fixture("llama"));
    let model = loaded(&files, &devices, Dequantisation::AtLoad);
    let blocks: Vec<usize> = model.placement.stages().map(|s| s.blocks.len()).collect();
    assert_eq!(blocks.iter().sum::<usize>(), model.decoder.n_layers());
    assert!(blocks.iter().all(|blocks| *blocks > 0), "{blocks:?}");
}
