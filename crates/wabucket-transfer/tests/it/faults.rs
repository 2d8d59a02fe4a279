//! Every fault that a transfer promises to survive, and those that it must report.
