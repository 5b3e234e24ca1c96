//! Whole models on a device: every fixture gives the reference's figures there.

use candle_core::quantized::GgmlDType;
use lenscape::catalog::CheckpointFiles;
use lenscape::engine::{Progress, RunRequest, Session};
use lenscape::model::device::{OpenDevices, Processor};
use lenscape::model::{self, Dequantisation, Dtype, Model};
use lenscape::run::RunId;
use lenscape::verify::{Outcome, beside_the_cpu};

use super::device;
use crate::golden::of_every_fixture;
use crate::made::gguf_of;
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

/// Weights that are quantised after the float32 reference was computed: beside the CPU's own
/// kernels on the same numbers, within what rounding allows.
#[test]
fn gguf_files_of_every_type_give_what_they_give_on_the_cpu() {
    let folder = tempfile::tempdir().unwrap();
    for kind in [
        GgmlDType::F16,
        GgmlDType::BF16,
        GgmlDType::Q4_0,
        GgmlDType::Q4_1,
        GgmlDType::Q5_0,
        GgmlDType::Q5_1,
        GgmlDType::Q8_0,
    ] {
        let path = folder.path().join(format!("{kind:?}.gguf"));
        gguf_of("llama").write(&path, kind);
        let files = CheckpointFiles::Gguf(path);
        for held in [Dequantisation::AtUse, Dequantisation::AtLoad] {
            let mut card = session(&files, &OpenDevices::one(device()), held);
            let mut cpu = session(&files, &OpenDevices::one(Processor::cpu()), held);
            let prompt = "The keys to the cabinet";
            for check in beside_the_cpu(&mut card, &mut cpu, prompt, 8).unwrap() {
                assert_eq!(check.outcome, Outcome::Passed, "{kind:?}: {check}");
            }
        }
    }
}

#[test]
fn what_does_not_fit_onto_a_card_is_refused_with_the_figures_and_what_would() {
    let files = CheckpointFiles::Folder(crate::reference::fixture("llama"));
    let load = |devices: &OpenDevices| model::load(&files, devices, Dtype::Auto, &|_, _| {});
    let small = |bytes| OpenDevices::one(device().with_memory(bytes));
    // Half a gigabyte is left for what is not counted.
    assert!(load(&small(600 << 20)).is_ok());
    let refused = load(&small(512 << 20)).unwrap_err().to_string();
    for said in ["537 MB", "are free there", "--device cpu"] {
        assert!(refused.contains(said), "{refused}");
    }
    let auto = OpenDevices {
        is_auto: true,
        ..small(512 << 20)
    };
    let model = load(&auto).unwrap();
    assert!(model.placement.is_of_kernels());
    assert!(
        model
            .notes
            .iter()
            .any(|note| note.starts_with("runs on the CPU: "))
    );
}

#[test]
fn a_card_that_fails_in_a_run_is_told_in_a_line_and_what_was_computed_stays() {
    let files = CheckpointFiles::Folder(crate::reference::fixture("llama"));
    let failing = device().failing_after(60);
    let mut session = session(&files, &OpenDevices::one(failing), Dequantisation::AtLoad);
    let run = RunId(1);
    session
        .begin(RunRequest {
            id: run,
            prompt: "The keys to the cabinet".into(),
            max_tokens: 50,
            ..RunRequest::default()
        })
        .unwrap();
    let mut columns = Vec::new();
    let error = loop {
        match session.advance(&|| true) {
            Ok(Progress::Prompt { .. }) => {}
            Ok(Progress::Step { column, .. }) => columns.push(column),
            Ok(Progress::Finished { .. }) => panic!("it did not fail"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(!columns.is_empty(), "the first tokens were computed");
    for said in ["out of memory", "is kept", "`:set device cpu`"] {
        assert!(error.contains(said), "{error}");
    }
    assert_eq!(error.lines().count(), 1);
    assert!(!session.is_running());
    assert!(session.state_rows(run).unwrap().steps >= columns.len());
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
