//! The scripts in `screenshots/`, played on the default model: they make the pictures and casts
//! of the README, and wait on the screen for what it says of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::replay;
use lenscape::app::Start;
use lenscape::commands::play::{Performance, PlayError, PlayResult};
use lenscape::engine::Opener;
use lenscape::export::film::FilmOptions;
use lenscape::play::{self, ScriptStep, TypeSize};
use lenscape::settings::Settings;

/// Larger casts would be a burden for who clones the repository.
const LARGEST_CAST: u64 = 300_000;

/// And larger films for who opens the page.
const LARGEST_FILM: u64 = 1_500_000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots")
}

fn scripts() -> Vec<Performance> {
    let files = std::fs::read_dir(folder()).unwrap();
    let mut paths: Vec<PathBuf> = files
        .map(|file| file.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
        .iter()
        .map(|path| Performance::read(path).unwrap_or_else(|error| panic!("{error}")))
        .collect()
}

/// The names of the pictures that a script takes, in their order.
fn pictures(performance: &Performance) -> Vec<PathBuf> {
    let steps = performance.script.steps.iter();
    steps
        .filter_map(|step| match step {
            ScriptStep::Screenshot(screenshot) => Some(screenshot.path.clone()),
            _ => None,
        })
        .collect()
}

/// The program as it starts without any options.
fn play(performance: &Performance) -> Result<PlayResult, PlayError> {
    let settings = Settings::embedded().unwrap();
    let start = Start::on((0, 0));
    let opener = Opener::from_env(settings.options.dtype, 10).unwrap();
    performance.play(settings, start, opener)
}

/// What went wrong, and what was on the screen where a script did not go on.
fn told(error: &PlayError) -> String {
    let PlayError::Script { source, .. } = error else {
        return error.to_string();
    };
    match source.as_ref() {
        why @ play::Error::TimedOut { screen, .. } => format!("{error}: {why}\n{screen}"),
        why => format!("{error}: {why}"),
    }
}

#[test]
fn every_script_makes_what_it_names() {
    for script in scripts() {
        let folder = tempfile::tempdir().unwrap();
        let performance = Performance {
            folder: Some(folder.path().to_owned()),
            ..script
        };
        let performed = play(&performance).unwrap_or_else(|error| panic!("{}", told(&error)));
        let mut expected = pictures(&performance).into_iter();
        let names = expected.by_ref().map(|name| folder.path().join(name));
        assert_eq!(performed.pictures, names.collect::<Vec<_>>());
        for picture in &performed.pictures {
            check_picture(picture);
        }
        assert_eq!(
            performed.film,
            performance
                .script
                .film
                .as_ref()
                .map(|name| folder.path().join(name))
        );
        if let Some(film) = &performed.film {
            check_picture(film);
            assert!(film.metadata().unwrap().len() < LARGEST_FILM);
        }
        if let Some(name) = &performance.script.record {
            let cast = replay::read(&folder.path().join(name));
            cast.ends_with(&performed.screen);
            assert_eq!(cast.title.as_ref(), Some(&performance.script.title));
            let limit = performance.cast.idle_limit.as_secs_f64();
            assert!(cast.longest_pause() <= limit + 1e-6);
        }
    }
}

fn check_picture(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "png") {
        resvg::tiny_skia::Pixmap::decode_png(&bytes).unwrap();
    } else {
        let text = String::from_utf8(bytes).unwrap();
        resvg::usvg::roxmltree::Document::parse(&text).unwrap();
    }
}

/// So that one command remakes all of them.
#[test]
fn the_readme_shows_what_the_scripts_make() {
    let readme = folder().join("../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let shown: BTreeSet<PathBuf> = readme
        .split("screenshots/")
        .skip(1)
        .map(|rest| {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
            PathBuf::from(rest[..end.unwrap_or(rest.len())].trim_end_matches('.'))
        })
        .filter(|name| {
            let extension = name.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("svg" | "png" | "cast"))
        })
        .collect();
    let scripts = scripts();
    let made: BTreeSet<PathBuf> = scripts
        .iter()
        .flat_map(|script| {
            pictures(script)
                .into_iter()
                .chain(script.script.record.clone())
                .chain(script.script.film.clone())
        })
        .collect();
    assert_eq!(shown, made);
    for name in made {
        assert!(folder().join(&name).is_file(), "{} is made", name.display());
    }
}

#[test]
fn the_casts_that_are_there_can_be_played() {
    for script in scripts() {
        let Some(name) = &script.script.record else {
            continue;
        };
        let path = folder().join(name);
        let cast = replay::read(&path);
        assert_eq!(cast.version, 2, "every player reads it");
        assert!(!cast.chapters().is_empty());
        cast.last_screen();
        let size = path.metadata().unwrap().len();
        assert!(size < LARGEST_CAST, "{}: {size} bytes", path.display());
    }
}

/// The film of the README is not so long that nobody waits for its end, and shows what the cast
/// of the same script shows.
#[test]
fn the_films_that_are_there_are_short_and_end_with_the_last_screen() {
    for script in scripts() {
        let Some(name) = &script.script.film else {
            continue;
        };
        let path = folder().join(name);
        let film = std::fs::read_to_string(&path).unwrap();
        let size = path.metadata().unwrap().len();
        assert!(size < LARGEST_FILM, "{}: {size} bytes", path.display());
        let length = film.split("animation: ").nth(1).unwrap();
        let seconds: f64 = length.split('s').next().unwrap().parse().unwrap();
        assert!(
            (15.0..=24.0).contains(&seconds),
            "{}: {seconds} s",
            path.display()
        );
        let cast = std::fs::read(folder().join(script.script.record.as_ref().unwrap())).unwrap();
        let made = lenscape::export::film::film(cast.as_slice(), &FilmOptions::default()).unwrap();
        let marked = lenscape::play::mark::on_svg(made);
        assert!(
            marked == film.as_bytes(),
            "{} is made of its cast",
            path.display()
        );
    }
}

#[test]
fn in_large_type_a_script_has_80_columns_and_24_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    let steps = "size = [120, 40]\nsteps = [{ resize = [100, 30] }, { screenshot = \"a.png\" }]";
    std::fs::write(&path, steps).unwrap();
    let script = Performance {
        type_size: TypeSize::Large,
        ..Performance::read(&path).unwrap()
    };
    let settings = Settings::embedded().unwrap();
    let opener = Opener::from_env(settings.options.dtype, 10).unwrap();
    let played = script.play(settings, Start::on((0, 0)), opener).unwrap();
    assert_eq!(
        (played.screen.area.width, played.screen.area.height),
        (80, 24)
    );
    let png = std::fs::read(&played.pictures[0]).unwrap();
    let pixels = resvg::tiny_skia::Pixmap::decode_png(&png).unwrap();
    assert!(pixels.width() >= 1920, "{}", pixels.width());
}
