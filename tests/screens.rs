//! The screens of every pane and mode, as pictures in text: read `tests/snapshots/*.snap`.
//!
//! Those called `…_styled` hold a second picture with a letter for the style of each character. The
//! hints of the key line are left out, and held in `keys`: else each new key would repaint them all.

mod ascii;
mod chat;
mod comparing;
mod folded;
mod golden;
mod hostile;
mod keys;
mod loading;
mod panes;
mod parts;
mod robust;
mod runs;
mod saved;
mod scene;
mod step_pages;
mod styled;
mod values;

use scene::Scene;

/// The two sizes in which every screen is looked at.
const LARGE: (u16, u16) = (120, 40);
const SMALL: (u16, u16) = (80, 24);

/// Holds a picture to the one that is kept by this name.
fn keep_text(name: impl AsRef<str>, picture: impl AsRef<str>) {
    // The name of the folder is part of that of the file, that of the executable is not.
    insta::with_settings!({prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(format!("screens__{}", name.as_ref()), picture.as_ref());
    });
}

/// Keeps a screen at the small size, and at the large one where that is laid out in another way.
/// Otherwise it only has more room, in which everything has to be that is on the small one.
fn keep(name: &str, build: impl Fn(u16, u16) -> Scene) {
    let [small, large] = [SMALL, LARGE].map(|(columns, rows)| build(columns, rows));
    keep_one(format!("{name}_80x24"), &small);
    if layout(&small) != layout(&large) {
        keep_one(format!("{name}_120x40"), &large);
        return;
    }
    let large = styled::text(&large.picture());
    for word in words(&styled::text(&small.picture())) {
        assert!(large.contains(word), "{name}: no {word} in {large}");
    }
}

/// The words and numbers between the frames of a screen, whose titles tell how far it is scrolled.
fn words(screen: &str) -> impl Iterator<Item = &str> {
    screen
        .lines()
        .filter(|line| !line.contains('─') && !line.starts_with('+'))
        .flat_map(|line| line.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.len() > 1)
}

fn keep_one(name: impl AsRef<str>, scene: &Scene) {
    keep_text(name, styled::text(&scene.picture()));
}

fn keep_styled(name: &str, scene: &Scene) {
    keep_text(format!("{name}_styled"), styled::styled(&scene.picture()));
}

/// The frames of a screen: the first word of each title, and how many corners there are at the
/// bottom. Every screen is drawn for it, which also holds it against itself in ASCII.
fn layout(scene: &Scene) -> (Vec<String>, usize) {
    let screen = styled::text(&scene.screen());
    let titles = screen.lines().flat_map(|line| {
        line.split(['╭', '+'])
            .skip(1)
            .filter_map(|rest| rest.strip_prefix(' '))
            .map(|title| title.split(' ').next().unwrap_or_default().to_owned())
    });
    (titles.collect(), screen.matches('╰').count())
}
