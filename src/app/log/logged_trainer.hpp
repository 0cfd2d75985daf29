#pragma once
#include <filesystem>
#include <memory>

#include "trainer/trainer.hpp"

namespace stemma {

/// `trainer`, with a line in the log of `rank` for each training: member, from, to, the metrics at its end, or how it
/// failed. The log is opened by the first training: a run that is refused leaves none.
std::unique_ptr<Trainer> make_logged_trainer(std::unique_ptr<Trainer> trainer, std::filesystem::path run_file,
                                             int rank);

}  // namespace stemma
