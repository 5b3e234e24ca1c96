//! The bytes that a terminal gets, and the loop that decides when it gets them.

mod event_loop;
mod fake_run;
mod frames;
mod playing;
mod sink;
