//! The devices that a model can run on: the CPU, and cards that candle has a backend for. Each kind
//! is one file of this folder and one line of [`ALL`]; it says whether it was compiled in, which
//! devices of it are there, and opens them. What runs on any of them goes through candle's
//! operations ([`Processor`]); only the CPU has kernels of its own beside them.

mod absent;
mod choice;
mod cpu;
mod cuda;
mod metal;
mod processor;

use std::fmt;

pub use choice::{DeviceChoice, OpenDevices, WantedDevices, WrongChoice};
pub use processor::{Processor, moved, numbers, transferred};

/// A kind of device.
pub trait Kind: fmt::Debug + Sync {
    /// As `--device` calls it.
    fn name(&self) -> &'static str;

    /// Whether this program can use it.
    fn support(&self) -> Support {
        Support::CompiledIn
    }

    /// How many devices of it answer.
    ///
    /// # Errors
    /// Why none does, where it was compiled in.
    fn count(&self) -> Result<usize, String>;

    /// Opens one, counted from 0, for float32 arithmetic that rounds no more than it has to.
    ///
    /// # Errors
    /// What the device's library said.
    fn open(&self, number: usize) -> Result<candle_core::Device, String>;

    /// What one is called by its maker, and its memory; as far as it is known.
    fn about(&self, number: usize) -> About;
}

/// Whether a program can use a kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It can.
    CompiledIn,
    /// It was built without; how it is built with it.
    Absent {
        /// The feature of the package.
        feature: &'static str,
        /// What else the build needs.
        needs: &'static str,
    },
}

/// All kinds, in the order in which `auto` prefers them.
pub const ALL: [&dyn Kind; 3] = [&cuda::KIND, &metal::KIND, &cpu::Cpu];

/// What is known of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// As its maker calls it.
    pub model: Option<String>,
    /// Its memory in bytes.
    pub total: Option<u64>,
    /// How much of that is free, in bytes.
    pub free: Option<u64>,
}

/// One device.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    kind: &'static dyn Kind,
    /// Counted from 0.
    number: usize,
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        (self.kind.name(), self.number) == (other.kind.name(), other.number)
    }
}

impl Eq for Place {}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_cpu() {
            true => f.write_str(self.kind.name()),
            false => write!(f, "{}:{}", self.kind.name(), self.number),
        }
    }
}

impl Place {
    /// The CPU.
    #[must_use]
    pub fn cpu() -> Self {
        Self {
            kind: &cpu::Cpu,
            number: 0,
        }
    }

    /// Whether it is the CPU.
    #[must_use]
    pub fn is_cpu(&self) -> bool {
        self.kind.name() == cpu::Cpu.name()
    }

    /// What is known of it now.
    #[must_use]
    pub fn about(&self) -> About {
        self.kind.about(self.number)
    }

    /// Opens it.
    ///
    /// # Errors
    /// When it was not compiled in or does not answer.
    pub fn open(&self) -> Result<Processor, DeviceError> {
        if let Support::Absent { feature, needs } = self.kind.support() {
            return Err(DeviceError::NotCompiledIn {
                kind: self.kind.name(),
                feature,
                needs,
            });
        }
        if self.is_cpu() && cpu::is_as_a_card() {
            return Ok(Processor::cpu_as_a_card());
        }
        match self.kind.open(self.number) {
            Ok(device) => Ok(Processor::of(*self, device)),
            Err(why) => Err(DeviceError::NoAnswer {
                place: self.to_string(),
                why,
            }),
        }
    }
}

/// A device cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// This program was built without it.
    #[error(
        "--device {kind}: this lenscape was built without it; build one with \
         `cargo build --release --features {feature}`, which needs {needs}, or use --device cpu"
    )]
    NotCompiledIn {
        /// Which kind.
        kind: &'static str,
        /// The feature of the package.
        feature: &'static str,
        /// What else the build needs.
        needs: &'static str,
    },
    /// It does not answer.
    #[error(
        "--device {place}: no such device answers ({why}); see `lenscape devices`, or use --device cpu"
    )]
    NoAnswer {
        /// Which one.
        place: String,
        /// What its library said.
        why: String,
    },
}

/// A kind of device on this machine, and which there are of it.
#[derive(Clone, Debug)]
pub struct Found {
    /// As `--device` calls the kind.
    pub kind: &'static str,
    /// Whether this program can use it.
    pub support: Support,
    /// Why none answers, where one could.
    pub silent: Option<String>,
    /// Those that answer, by their names for `--device`.
    pub devices: Vec<(String, About)>,
}

/// What there is on this machine, of every kind.
#[must_use]
pub fn found() -> Vec<Found> {
    let of = |kind: &'static dyn Kind| {
        let support = kind.support();
        let count = match support {
            Support::CompiledIn => kind.count(),
            Support::Absent { .. } => Ok(0),
        };
        let places = (0..count.clone().unwrap_or(0)).map(|number| Place { kind, number });
        Found {
            kind: kind.name(),
            support,
            silent: count.err(),
            devices: places
                .map(|place| (place.to_string(), place.about()))
                .collect(),
        }
    };
    ALL.into_iter().map(of).collect()
}
