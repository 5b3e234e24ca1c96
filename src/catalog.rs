//! Model names → files on this machine.
