//! Which devices a user wants: `auto`, `cpu`, `cuda`, `cuda:1`, `cuda:0,1`, `metal`.

use std::fmt;
use std::str::FromStr;

use candle_core::DeviceLocation;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ALL, DeviceError, Kind, Place, Processor, Support};

/// Which devices a model runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A card that is compiled in and answers, or else the CPU.
    #[default]
    Auto,
    /// These; the first blocks on the first one.
    These(Vec<Place>),
}

/// A text names no devices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongChoice {
    /// There is no such kind.
    #[error("`{0}` is no device; give auto, cpu, cuda, cuda:1, cuda:0,1 or metal")]
    Unknown(String),
    /// The same one twice.
    #[error("{0} stands there twice; a model is split over different devices")]
    Twice(String),
}

impl FromStr for DeviceChoice {
    type Err = WrongChoice;

    fn from_str(text: &str) -> Result<Self, WrongChoice> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let unknown = || WrongChoice::Unknown(text.chars().take(60).collect());
        let mut places: Vec<Place> = Vec::new();
        for word in text.split(',') {
            let (name, number) = word.split_once(':').unwrap_or((word, "0"));
            // A bare number is of the kind before it.
            let (kind, number) = match (places.last(), name.parse::<usize>()) {
                (Some(before), Ok(_)) if !word.contains(':') => (Some(before.kind), name),
                _ => (kind(name), number),
            };
            let kind = kind.ok_or_else(unknown)?;
            let place = Place {
                kind,
                number: number.parse().map_err(|_| unknown())?,
            };
            if place.is_cpu() && place.number > 0 {
                return Err(unknown());
            }
            if places.contains(&place) {
                return Err(WrongChoice::Twice(place.to_string()));
            }
            places.push(place);
        }
        Ok(Self::These(places))
    }
}

fn kind(name: &str) -> Option<&'static dyn Kind> {
    ALL.into_iter().find(|kind| kind.name() == name)
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::These(places) => {
                let names: Vec<String> = places.iter().map(Place::to_string).collect();
                f.write_str(&names.join(","))
            }
        }
    }
}

impl Serialize for DeviceChoice {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'d> Deserialize<'d> for DeviceChoice {
    fn deserialize<D: Deserializer<'d>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Which devices a user wants, and how much of the model on a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedDevices {
    /// Which ones.
    pub choice: DeviceChoice,
    /// How many blocks run on the card, the last ones; the others run on the CPU.
    pub gpu_layers: Option<usize>,
}

/// Devices that were opened.
#[derive(Clone, Debug)]
pub struct OpenDevices {
    /// The first blocks run on the first one.
    pub processors: Vec<Processor>,
    /// How many blocks run on the last one, where that was said.
    pub on_the_last: Option<usize>,
    /// Why it is not a card, where one could have been.
    pub note: Option<String>,
    /// Whether nobody asked for just these.
    pub is_auto: bool,
}

impl OpenDevices {
    /// One device that somebody asked for.
    #[must_use]
    pub fn one(processor: Processor) -> Self {
        Self::all(vec![processor])
    }

    /// Devices that somebody asked for.
    #[must_use]
    pub fn all(processors: Vec<Processor>) -> Self {
        Self {
            processors,
            on_the_last: None,
            note: None,
            is_auto: false,
        }
    }
}

impl From<Processor> for OpenDevices {
    fn from(processor: Processor) -> Self {
        Self::one(processor)
    }
}

impl From<&OpenDevices> for OpenDevices {
    fn from(devices: &OpenDevices) -> Self {
        devices.clone()
    }
}

impl From<&candle_core::Device> for OpenDevices {
    fn from(device: &candle_core::Device) -> Self {
        let (kind, number): (&dyn Kind, usize) = match device.location() {
            DeviceLocation::Cpu => (&super::cpu::Cpu, 0),
            DeviceLocation::Cuda { gpu_id } => (&super::cuda::KIND, gpu_id),
            DeviceLocation::Metal { gpu_id } => (&super::metal::KIND, gpu_id),
        };
        Self::one(Processor::of(Place { kind, number }, device.clone()))
    }
}

impl WantedDevices {
    /// Opens what is wanted.
    ///
    /// # Errors
    /// When one was not compiled in or does not answer. `auto` is the CPU then.
    pub fn open(&self) -> Result<OpenDevices, DeviceError> {
        let mut open = match &self.choice {
            DeviceChoice::Auto => any_card(),
            DeviceChoice::These(places) => {
                let opened = places.iter().map(Place::open);
                OpenDevices::all(opened.collect::<Result<Vec<_>, _>>()?)
            }
        };
        if let (Some(blocks), [card]) = (self.gpu_layers, &*open.processors)
            && !card.place().is_cpu()
        {
            open.processors = vec![Processor::cpu(), card.clone()];
            open.on_the_last = Some(blocks);
        }
        Ok(open)
    }
}

/// A card that is compiled in and answers, or else the CPU.
fn any_card() -> OpenDevices {
    let mut silent = Vec::new();
    for kind in ALL {
        let place = Place { kind, number: 0 };
        if place.is_cpu() || kind.support() != Support::CompiledIn {
            continue;
        }
        match kind.open(0) {
            Ok(device) => {
                return OpenDevices {
                    is_auto: true,
                    ..OpenDevices::one(Processor::of(place, device))
                };
            }
            Err(why) => silent.push(format!("{place} does not answer ({why})")),
        }
    }
    let note = format!("runs on the CPU: {}", silent.join(", "));
    OpenDevices {
        is_auto: true,
        note: (!silent.is_empty()).then_some(note),
        ..OpenDevices::one(Processor::cpu())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn devices_are_named_by_kind_and_number() {
        for (text, shown) in [
            ("auto", "auto"),
            ("cpu", "cpu"),
            ("cuda", "cuda:0"),
            ("cuda:1", "cuda:1"),
            ("cuda:0,1,3", "cuda:0,cuda:1,cuda:3"),
            ("cuda:1,cuda:0", "cuda:1,cuda:0"),
            ("cuda:0,cpu", "cuda:0,cpu"),
            ("metal", "metal:0"),
        ] {
            let choice: DeviceChoice = text.parse().unwrap();
            assert_eq!(choice.to_string(), shown);
            assert_eq!(shown.parse(), Ok(choice), "{shown} means the same");
        }
    }

    #[test]
    fn what_names_no_device_is_refused() {
        for text in [
            "",
            "gpu",
            "cuda:",
            "cuda:x",
            "cuda:-1",
            "cpu:1",
            "1",
            "auto,cpu",
            "cuda:0,,1",
        ] {
            let refused = text.parse::<DeviceChoice>();
            assert!(
                matches!(refused, Err(WrongChoice::Unknown(_))),
                "{text}: {refused:?}"
            );
        }
        let twice = "cuda:0,1,0".parse::<DeviceChoice>().unwrap_err();
        assert!(twice.to_string().starts_with("cuda:0 stands there twice"));
    }

    #[test]
    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    fn a_card_that_is_not_compiled_in_is_refused_with_how_to_build_it() {
        for (text, feature) in [
            ("cuda:0", "--features cuda`"),
            ("metal", "--features metal`"),
        ] {
            let wanted = WantedDevices {
                choice: text.parse().unwrap(),
                gpu_layers: None,
            };
            let refused = wanted.open().unwrap_err().to_string();
            assert!(refused.contains(feature), "{refused}");
            assert_eq!(refused.lines().count(), 1);
        }
        let auto = WantedDevices::default().open().unwrap();
        assert!(auto.processors[0].has_kernels() && auto.note.is_none());
    }
}
