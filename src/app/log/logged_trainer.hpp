#pragma once
#include <filesystem>
#include <memory>

#include "trainer/trainer.hpp"

namespace stemma {

/// `trainer`, with a line in the log of `rank` for each training: member, from, to, and the final metrics or the
/// failure. The first training opens the log: a run that is refused leaves no log.
std::unique_ptr<Trainer> make_logged_trainer(std::unique_ptr<Trainer> trainer, std::filesystem::path run_file,
                                             int rank);

}  // namespace stemma
